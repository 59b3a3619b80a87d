/** Which of several affix pairs contrasts best. */
import type { ContrastMeasurement } from './contrast.ts';
import type { ProposedPair } from './proposals.ts';

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

/** What a pair of affixes does, and who put it into words. */
export interface JudgedPair {
  readonly by: ProposedPair['by'];
  readonly measured: ContrastMeasurement;
}

/**
 * The place of the pair to take of those that can be used; null where none can. It is the one with the largest share of
 * answers that are told apart, and of equal ones the one with the largest {@link weakerNats}. What a model proposed may mean
 * something else than the sentence, so it has to be better than every pair of the sentence's own words by more than chance
 * would make it: their intervals do not overlap.
 */
export function bestContrast(found: readonly JudgedPair[]): number | null {
  const usable = found
    .map((pair, place) => ({ ...pair, place }))
    .filter(({ measured }) => faultOfContrast(measured) === null)
    .toSorted(
      (a, b) =>
        b.measured.separation.share - a.measured.separation.share ||
        weakerNats(b.measured) - weakerNats(a.measured),
    );
  const [best] = usable;
  const own = usable.find(({ by }) => by === 'template');
  if (best === undefined || own === undefined) return best?.place ?? null;
  const isClearlyBetter = best.measured.separation.interval.lower > own.measured.separation.interval.upper;
  return isClearlyBetter ? best.place : own.place;
}
