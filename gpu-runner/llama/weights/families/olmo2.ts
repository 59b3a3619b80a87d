/** OLMo 2: each block norms its output, and queries and keys over their whole width. */
import { attentionBiases } from './biases.ts';
import type { Family } from './family.ts';

export const olmo2: Family = {
  modelTypes: ['olmo2'],
  defaults: {
    vocab_size: 50_304,
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
  },
  differences: (config) => ({
    biases: attentionBiases(config),
    queryKeyNorm: 'width',
    normPlacement: 'output',
  }),
  tensors: {
    names: {
      attentionAfterNorm: 'post_attention_layernorm.weight',
      feedForwardAfterNorm: 'post_feedforward_layernorm.weight',
    },
  },
};
