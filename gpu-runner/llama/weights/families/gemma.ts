/** Gemma: norms stored from one, a scaled embedding, GELU. Its first files say `gelu` and mean the approximation. */
import { attentionBiases } from './biases.ts';
import type { Family } from './family.ts';

export const gemma: Family = {
  modelTypes: ['gemma'],
  defaults: {
    vocab_size: 256_000,
    hidden_size: 3072,
    intermediate_size: 24_576,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 16,
    head_dim: 256,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
  },
  differences: (config, refuse) => {
    if (config.hidden_act && !config.hidden_act.startsWith('gelu'))
      refuse('hidden_act', `is ${config.hidden_act.slice(0, 40)}; this family opens with gelu_pytorch_tanh`);
    return {
      biases: attentionBiases(config),
      activation: 'gelu-tanh',
      embeddingScale: Math.sqrt(config.hidden_size),
    };
  },
  tensors: { normsFromOne: true },
};
