/** Mistral: LLaMA with a window over all layers (v0.1) or none (later ones). */
import type { Family } from './family.ts';
import { sameWindow } from './windows.ts';

export const mistral: Family = {
  modelTypes: ['mistral'],
  defaults: {
    vocab_size: 32_000,
    hidden_size: 4096,
    intermediate_size: 14_336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    hidden_act: 'silu',
    max_position_embeddings: 131_072,
    rms_norm_eps: 1e-6,
    sliding_window: 4096,
  },
  differences: (config) => ({ windows: sameWindow(config) }),
};
