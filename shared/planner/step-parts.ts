/** How a training step is cut: parts whose numbers stay in the processor's caches, added up in two sums side by side. */
import { LANE_BYTES } from './cpu-sampler.ts';
import type { ModelShape } from './model-bytes.ts';

/**
 * Sums that the gradients of a step's parts are added up in, each in a session of its own where there are threads for it. A constant
 * of the engine and not of the machine, since the bits of a gradient hang on the order of its additions.
 */
export const GRADIENT_SUMS = 2;

/** Sessions that a step's sums are dealt to. @param weights bytes of the base, which every session holds */
export function laneCount(weights: number, threads: number): number {
  return Math.max(1, Math.min(GRADIENT_SUMS, threads, Math.floor(LANE_BYTES / weights)));
}

/** Bytes of the widest activation of a part, gate and up of its tokens in fp32: what caches beside one core hold. */
const WIDEST_BYTES = 6 << 20;
/** Fewer tokens do not pay for a pass over the weights; more gain nothing. */
const [FEWEST_TOKENS, MOST_TOKENS] = [512, 1024];
/** A batch of fewer tokens is one part: every run of the engine costs about 32. */
const WHOLE_TOKENS = 256;

/** Tokens that one run of a training step reads. */
export function partTokens({ intermediateSize }: ModelShape): number {
  const tokens = 2 ** Math.floor(Math.log2(WIDEST_BYTES / (8 * intermediateSize)));
  return Math.min(MOST_TOKENS, Math.max(FEWEST_TOKENS, tokens));
}

/**
 * Parts of about equal work that a batch is cut into: as many for each sum.
 *
 * @param tokens of the batch
 * @param most tokens of a part
 */
export function partCount(tokens: number, most: number): number {
  return tokens < WHOLE_TOKENS ? 1 : GRADIENT_SUMS * Math.ceil(tokens / (GRADIENT_SUMS * most));
}

/**
 * Which sum takes each part: the largest first, always to the sum that has least. The parts of each sum stand in their order.
 *
 * @param sizes tokens of the parts
 */
export function dealtParts(sizes: readonly number[]): readonly (readonly number[])[] {
  const sums = Array.from({ length: GRADIENT_SUMS }, () => ({ tokens: 0, parts: [] as number[] }));
  const largestFirst = sizes
    .map((size, part) => ({ size, part }))
    .toSorted((one, other) => other.size - one.size);
  for (const { size, part } of largestFirst) {
    const least = sums.reduce((best, sum) => (sum.tokens < best.tokens ? sum : best));
    least.tokens += size;
    least.parts.push(part);
  }
  return sums.map(({ parts }) => parts.toSorted((one, other) => one - other));
}
