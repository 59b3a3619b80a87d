/** Qwen2 and Qwen2.5: biases on query, key and value; a window over the later layers where it is switched on. */
import type { Config, RefuseConfig } from './config-fields.ts';
import type { Family } from './family.ts';
import { layerWindows } from './windows.ts';

export const qwen2Defaults = {
  vocab_size: 151_936,
  hidden_size: 4096,
  intermediate_size: 22_016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  hidden_act: 'silu',
  max_position_embeddings: 32_768,
  rms_norm_eps: 1e-6,
  sliding_window: 4096,
  max_window_layers: 28,
};

/** The layers from `max_window_layers` on, where `use_sliding_window` says so. */
export function laterWindows(config: Config, refuse: RefuseConfig): (number | null)[] | null {
  const first = config.max_window_layers ?? 0;
  const isSwitchedOn = config.use_sliding_window === true && typeof config.sliding_window === 'number';
  return isSwitchedOn ? layerWindows(config, (layer) => layer >= first, refuse) : null;
}

export const qwen2: Family = {
  modelTypes: ['qwen2'],
  defaults: qwen2Defaults,
  differences: (config, refuse) => ({
    biases: { queryKeyValue: true, attentionOutput: false, feedForward: false },
    windows: laterWindows(config, refuse),
  }),
};
