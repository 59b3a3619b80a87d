/** Gemma 2: norms before and after each block, scores and logits capped, every other layer over a window. */
import { attentionBiases } from './biases.ts';
import type { Config } from './config-fields.ts';
import type { Differences, Family, TensorNames } from './family.ts';
import { layerWindows } from './windows.ts';

export const gemmaDefaults = {
  vocab_size: 256_000,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};

/** What Gemma 2 and 3 have in common. */
export function gemmaDifferences(config: Config): Differences {
  return {
    biases: attentionBiases(config),
    normPlacement: 'both',
    attentionScale: (config.query_pre_attn_scalar ?? gemmaDefaults.query_pre_attn_scalar) ** -0.5,
    embeddingScale: Math.sqrt(config.hidden_size),
  };
}

export const gemmaTensors: TensorNames = {
  names: {
    attentionAfterNorm: 'post_attention_layernorm.weight',
    feedForwardNorm: 'pre_feedforward_layernorm.weight',
    feedForwardAfterNorm: 'post_feedforward_layernorm.weight',
  },
  normsFromOne: true,
};

export const gemma2: Family = {
  modelTypes: ['gemma2'],
  defaults: { ...gemmaDefaults, attn_logit_softcapping: 50, final_logit_softcapping: 30 },
  differences: (config, refuse) => ({
    ...gemmaDifferences(config),
    softCaps: {
      attention: config.attn_logit_softcapping ?? null,
      logits: config.final_logit_softcapping ?? null,
    },
    windows: layerWindows(config, (layer) => layer % 2 === 0, refuse),
  }),
  tensors: gemmaTensors,
};
