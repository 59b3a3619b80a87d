/** Qwen3: a norm over each head of queries and keys, and a head size of its own. */
import { attentionBiases } from './biases.ts';
import type { Family } from './family.ts';
import { laterWindows, qwen2Defaults } from './qwen2.ts';

export const qwen3: Family = {
  modelTypes: ['qwen3'],
  defaults: { ...qwen2Defaults, head_dim: 128 },
  differences: (config, refuse) => ({
    biases: attentionBiases(config),
    queryKeyNorm: 'head',
    windows: laterWindows(config, refuse),
  }),
};
