/** Gemma 3, its text: heads normed, five layers of six over a window with a rotation of their own. */
import type { Family } from './family.ts';
import { gemmaDefaults, gemmaDifferences, gemmaTensors } from './gemma2.ts';
import { layerWindows } from './windows.ts';

export const gemma3: Family = {
  modelTypes: ['gemma3_text', 'gemma3'],
  defaults: {
    ...gemmaDefaults,
    vocab_size: 262_208,
    max_position_embeddings: 131_072,
    rope_theta: 1_000_000,
    rope_local_base_freq: 10_000,
    sliding_window_pattern: 6,
  },
  differences: (config, refuse) => {
    const pattern = config.sliding_window_pattern ?? 6;
    return {
      ...gemmaDifferences(config),
      queryKeyNorm: 'head',
      // transformers reads attn_logit_softcapping for this family and applies it nowhere.
      softCaps: { attention: null, logits: config.final_logit_softcapping ?? null },
      windows: layerWindows(config, (layer) => (layer + 1) % pattern !== 0, refuse),
      hasLocalRope: true,
    };
  },
  tensors: gemmaTensors,
};
