/** SmolLM3: every fourth layer does not rotate its queries and keys. */
import { switchedBiases } from './biases.ts';
import type { Config, RefuseConfig } from './config-fields.ts';
import type { Family } from './family.ts';
import { layerWindows } from './windows.ts';

/** `no_rope_layers` holds 0 for a layer without rotation and 1 for one with it. */
function layersWithoutRope(config: Config, refuse: RefuseConfig): number[] {
  const { no_rope_layers: rotates, no_rope_layer_interval: interval, num_hidden_layers: layers } = config;
  if (rotates && rotates.length < layers)
    refuse('no_rope_layers', `has ${rotates.length} entries for ${layers} layers`);
  const every = interval ?? 4;
  const all = Array.from({ length: layers }, (_, layer) => layer);
  return all.filter((layer) => (rotates ? rotates[layer] === 0 : (layer + 1) % every === 0));
}

export const smollm3: Family = {
  modelTypes: ['smollm3'],
  defaults: {
    vocab_size: 128_256,
    hidden_size: 2048,
    intermediate_size: 11_008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    hidden_act: 'silu',
    max_position_embeddings: 32_768,
    rms_norm_eps: 1e-6,
    rope_theta: 2_000_000,
    tie_word_embeddings: true,
  },
  differences: (config, refuse) => {
    const without = layersWithoutRope(config, refuse);
    const hasWindows = config.use_sliding_window === true && typeof config.sliding_window === 'number';
    return {
      biases: switchedBiases(config),
      layersWithoutRope: without,
      windows: hasWindows ? layerWindows(config, (layer) => without.includes(layer), refuse) : null,
    };
  },
};
