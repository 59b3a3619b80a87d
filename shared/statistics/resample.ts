/** Seeded resampling with replacement. */
import { philox4x32 } from '../random.ts';
import { StatisticsInputError } from './errors.ts';

/** Key word of the bootstrap in the generator, so that its draws never meet those of sampling or shuffling. */
const BOOTSTRAP_STREAM = 0xb007;

/**
 * `length` indices drawn with replacement from 0..length-1: a function of (seed, resample) alone, in any order.
 *
 * @param into filled and given back, to spare an allocation per resample
 */
export function resampleIndices(into: Uint32Array, seed: number, resample: number): Uint32Array {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new StatisticsInputError(`seed must be a non-negative safe integer, got ${seed}`);
  }
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0];
  const length = into.length;
  for (let start = 0; start < length; start += 4) {
    const block = philox4x32([start / 4, resample, BOOTSTRAP_STREAM, 0], key);
    for (const [offset, word] of block.entries()) {
      if (start + offset < length) into[start + offset] = Math.floor((word * length) / 0x1_0000_0000);
    }
  }
  return into;
}
