/** What people would say of a win rate that a judge gave, from how often the judge agrees with people. */
import { StatisticsInputError, requireConfidence } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';

/** Trials and how many of them succeeded; ties count half. */
export interface Share {
  readonly successes: number;
  readonly n: number;
}

export interface CorrectedWinRate {
  readonly rate: number;
  readonly interval: Interval;
  /** Whether one accuracy explains both counts. A judge that errs alike everywhere gives no system more than its accuracy. */
  readonly isExplained: boolean;
}

/** Halvings of a bracket of at most 1: beyond them nothing of a float64 is left. */
const HALVINGS = 60;

/**
 * Rogan and Gladen (1978) for pairs. A judge that is right of a pair with probability a, whichever side is the better,
 * prefers the first system with probability
 *
 *   p(q, a) = q a + (1 - q)(1 - a),   so that   q = (p + a - 1) / (2 a - 1),
 *
 * where q is how often the first is the better. Both p and a were measured: the interval holds every q whose likelihood,
 * at the best a of 0.5 to 1, is within half the critical value's square of the highest (profile likelihood). It is all of
 * 0 to 1 where the judge may be tossing coins.
 *
 * What it rests on: the judge errs on these pairs as often as on those that people judged, and on both sides alike. Where
 * no q and a make both counts likely (twice the logarithm of how much likelier they are by themselves is beyond the critical
 * value's square), it does not.
 *
 * @param judged comparisons that the judge gave to the first system
 * @param agreed pairs of people, none of which the judge has seen, on which it agrees with them
 * @throws StatisticsInputError unless 0 <= successes <= n and n > 0 for both
 */
export function correctedWinRate(judged: Share, agreed: Share, confidence = 0.95): CorrectedWinRate {
  requireConfidence(confidence);
  requireShare('judged', judged);
  requireShare('agreed', agreed);
  const allowance = criticalValue(confidence) ** 2 / 2;
  const rate = bestRate(judged, agreed);
  const highest = profile(rate, judged, agreed);
  const least = highest - allowance;
  const apart = [judged, agreed].reduce((sum, one) => sum + logLikelihood(one, one.successes / one.n), 0);
  const isHeld = (q: number) => profile(q, judged, agreed) >= least;
  return {
    rate,
    interval: { lower: edge(0, rate, isHeld), upper: edge(1, rate, isHeld), confidence },
    isExplained: apart - highest <= allowance,
  };
}

function requireShare(name: string, { successes, n }: Share): void {
  if (n > 0 && n < Infinity && successes >= 0 && successes <= n) return;
  throw new StatisticsInputError(
    `${name} needs 0 <= successes <= n and n > 0, got successes ${successes} of n ${n}`,
  );
}

/** Most likely q. A judge that agrees with people in at most half of their pairs says nothing, and 0.5 stands for it. */
function bestRate(judged: Share, agreed: Share): number {
  const accuracy = agreed.successes / agreed.n;
  if (accuracy <= 0.5) return 0.5;
  return Math.min(1, Math.max(0, (judged.successes / judged.n + accuracy - 1) / (2 * accuracy - 1)));
}

/** Logarithm of the likelihood of q at the a of 0.5 to 1 that suits it best; it is concave in a. */
function profile(q: number, judged: Share, agreed: Share): number {
  const slope = (a: number) =>
    (2 * q - 1) * derivative(judged, 1 - q + (2 * q - 1) * a) + derivative(agreed, a);
  let [low, high] = [0.5, 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  const a = (low + high) / 2;
  return logLikelihood(judged, 1 - q + (2 * q - 1) * a) + logLikelihood(agreed, a);
}

/** x ln p + (n - x) ln(1 - p), with 0 ln 0 = 0. */
function logLikelihood({ successes, n }: Share, p: number): number {
  const term = (count: number, probability: number) => (count === 0 ? 0 : count * Math.log(probability));
  return term(successes, p) + term(n - successes, 1 - p);
}

/** d/dp of {@link logLikelihood}. */
function derivative({ successes, n }: Share, p: number): number {
  const term = (count: number, probability: number) => (count === 0 ? 0 : count / probability);
  return term(successes, p) - term(n - successes, 1 - p);
}

/** Where the held values end between `rate`, which is held, and `bound`. */
function edge(bound: 0 | 1, rate: number, isHeld: (q: number) => boolean): number {
  if (isHeld(bound)) return bound;
  let [outside, inside]: [number, number] = [bound, rate];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (outside + inside) / 2;
    if (isHeld(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}
