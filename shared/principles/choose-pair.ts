/** Which of several affix pairs contrasts best. */
import type { ContrastMeasurement } from './contrast.ts';

/** Below this share of kept answers a simulation spends more than half of its time on refusals. */
const LEAST_ACCEPTANCE = 0.5;
/** Two sides that nobody can tell apart are told apart by chance in half of the answers. */
const CHANCE = 0.5;

/** Why a pair cannot be used; null where it can. */
export function faultOfContrast({ acceptance, separation }: ContrastMeasurement): string | null {
  if (acceptance.share < LEAST_ACCEPTANCE) return 'most answers are refused';
  if (separation.interval.lower <= CHANCE) return 'the sides cannot be told apart';
  return null;
}

/** The weaker side's nats: a contrast is as good as the side that follows its affix less. */
export const weakerNats = ({ positive, negative }: ContrastMeasurement) =>
  Math.min(positive.nats.mean, negative.nats.mean);

/**
 * The place of the best of those that can be used: the largest share of answers that are told apart, and of equal ones the
 * largest {@link weakerNats}. Null where none can be used.
 */
export function bestContrast(measured: readonly ContrastMeasurement[]): number | null {
  const usable = measured
    .map((contrast, place) => ({ contrast, place }))
    .filter(({ contrast }) => faultOfContrast(contrast) === null);
  usable.sort(
    (a, b) =>
      b.contrast.separation.share - a.contrast.separation.share ||
      weakerNats(b.contrast) - weakerNats(a.contrast),
  );
  return usable[0]?.place ?? null;
}
