/** Which of its two forms a decoding step on CUDA takes, by what each costs. */
import { cacheBytesPerPlace } from '../../../../shared/planner/model-bytes.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { DecodeAttention } from './rollout-graph.ts';

/**
 * What the launches that `two-part` adds cost a layer, in seconds: 1.93 ms a step at one row and 2.12 ms at 64 over the 22
 * layers of m1b on an H100 (docs/gpu.md).
 */
const ADDED_LAUNCHES = 90e-6;

/** Bytes a second that a card copies, reading and writing counted: assumed, below an H100's 3.35e12. */
const COPY_RATE = 2.5e12;

/**
 * `fused` while the copies of the past that it makes each step take less time than the launches that `two-part` adds.
 *
 * @param rows decoded together
 * @param positions of the longest row
 */
export function decodeAttentionFor(
  architecture: Architecture,
  rows: number,
  positions: number,
): DecodeAttention {
  const copied = 2 * rows * positions * cacheBytesPerPlace('cuda', architecture);
  return copied / COPY_RATE < architecture.layers * ADDED_LAUNCHES ? 'fused' : 'two-part';
}
