/** Whether two systems that answered the same prompts differ: an exact test's seeded sample. */
import { philox4x32 } from '../random.ts';
import { requireNumbers } from './errors.ts';

/** Key word of the flips in the generator, so that they never meet the bootstrap's draws. */
const FLIP_STREAM = 0xf11b;

const FLIPS = 9999;

const BITS_A_BLOCK = 128;

/**
 * Fisher's sign-flip test. Were both systems the same, each prompt's difference could as well have had the other sign, so
 * p is the share of sign patterns whose sum is at least as far from 0 as the one that was seen: of {@link FLIPS} patterns drawn by
 * the seed and the seen one itself, which keeps p from being too small (Phipson and Smyth 2010).
 *
 * @param differences one number a prompt, the sum over its rows where it has several; 0 for a tie
 * @returns two-sided p, at least 1 / (FLIPS + 1)
 * @throws StatisticsInputError if empty or not finite
 */
export function signFlipTest(differences: readonly number[], seed: number): number {
  requireNumbers('differences', differences);
  const moving = differences.filter((difference) => difference !== 0);
  const seen = Math.abs(moving.reduce((sum, difference) => sum + difference, 0));
  // Sums of the same numbers in another order may differ in their last bits.
  const least = seen - 1e-9 * moving.reduce((sum, difference) => sum + Math.abs(difference), 0);
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0];
  let asFar = 1;
  for (let flip = 0; flip < FLIPS; flip++) {
    let sum = 0;
    for (let start = 0; start < moving.length; start += BITS_A_BLOCK) {
      const words = philox4x32([start / BITS_A_BLOCK, flip, FLIP_STREAM, 0], key);
      const end = Math.min(BITS_A_BLOCK, moving.length - start);
      for (let bit = 0; bit < end; bit++) {
        const difference = moving[start + bit] ?? 0;
        sum += ((words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1 ? difference : -difference;
      }
    }
    if (Math.abs(sum) >= least) asFar++;
  }
  return asFar / (FLIPS + 1);
}
