/** LLaMA 1 to 3.3 and what calls itself so: SmolLM2, TinyLlama, Yi. */
import { switchedBiases } from './biases.ts';
import type { Family } from './family.ts';

export const llama: Family = {
  modelTypes: ['llama'],
  defaults: {
    vocab_size: 32_000,
    hidden_size: 4096,
    intermediate_size: 11_008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
  },
  differences: (config) => ({ biases: switchedBiases(config) }),
};
