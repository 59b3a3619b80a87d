/** config.json of an architecture record, but for what is a family's own. */
import type { Architecture } from '../llama/model/architecture.ts';
import { huggingFaceScaling } from './huggingface-scaling.ts';

/** The fields of every family, in the names that transformers 4 and 5 read. */
export function recordConfig(architecture: Architecture): Record<string, unknown> {
  const { bosToken, eosTokens, norm, rope } = architecture;
  return {
    vocab_size: architecture.vocabularySize,
    hidden_size: architecture.hiddenSize,
    intermediate_size: architecture.intermediateSize,
    num_hidden_layers: architecture.layers,
    num_attention_heads: architecture.heads,
    num_key_value_heads: architecture.keyValueHeads,
    head_dim: architecture.headSize,
    hidden_act: 'silu',
    max_position_embeddings: architecture.maximumPositions,
    rms_norm_eps: norm.epsilon,
    rope_theta: rope.theta,
    rope_scaling: huggingFaceScaling(rope.scaling),
    bos_token_id: bosToken,
    eos_token_id: eosTokens.length > 1 ? eosTokens : (eosTokens[0] ?? null),
  };
}
