/** Scaling of the rotary embedding as config.json says it, in the form that transformers 4 and 5 read. */
import type { Architecture } from '../llama/model/architecture.ts';

export function huggingFaceScaling(scaling: Architecture['rope']['scaling']): Record<string, unknown> | null {
  if (scaling === null) return null;
  switch (scaling.kind) {
    case 'linear':
      return { rope_type: 'linear', factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalMaximumPositions,
      };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalMaximumPositions,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        truncate: scaling.truncate,
        ...(scaling.attentionFactor === null ? {} : { attention_factor: scaling.attentionFactor }),
      };
    case 'longrope':
      // Beyond the length that the base knows, by whose factors is all the same.
      return {
        rope_type: 'longrope',
        type: 'longrope',
        short_factor: scaling.factors,
        long_factor: scaling.factors,
        attention_factor: scaling.attentionFactor,
      };
    default:
      return scaling satisfies never;
  }
}
