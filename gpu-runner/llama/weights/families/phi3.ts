/** Phi-3 and Phi-4: fused matrices, a part of the head that rotates, longrope up to the original length, a window. */
import type { Family } from './family.ts';
import { sameWindow } from './windows.ts';

export const phi3: Family = {
  modelTypes: ['phi3'],
  defaults: {
    vocab_size: 32_064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
  },
  differences: (config) => ({ windows: sameWindow(config), hasPartialRope: true }),
  tensors: {
    fused: {
      'self_attn.qkv_proj.weight': ['query', 'key', 'value'],
      'mlp.gate_up_proj.weight': ['gate', 'up'],
    },
  },
};
