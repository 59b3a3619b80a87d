/** Which of its two forms a decoding step on CUDA takes, by what each costs on paper. */
import { type LlamaConfiguration, parameterCount } from '../config.ts';
import type { DecodeAttention } from './rollout-graph.ts';

/** Bytes of keys and values of one row at one place, in fp16. */
export function cacheBytesPerPlace({ layers, keyValueHeads, headSize }: LlamaConfiguration): number {
  return 2 * 2 * layers * keyValueHeads * headSize;
}

/**
 * `fused` while the copies of the past that it makes each step weigh less than half of the weights that the step reads
 * anyway; `two-part` above, where its launches hide behind the work on many rows. An estimate, not a measurement: the GPU
 * bench takes `--attention` to compare both.
 *
 * @param rows decoded together
 * @param positions of the longest row
 */
export function decodeAttentionFor(
  configuration: LlamaConfiguration,
  rows: number,
  positions: number,
): DecodeAttention {
  const copied = 2 * rows * positions * cacheBytesPerPlace(configuration);
  return copied < parameterCount(configuration) / 2 ? 'fused' : 'two-part';
}
