/** Wilson's score interval of a share. */
import { requireConfidence, StatisticsInputError } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';

/**
 * Wilson (1927): (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
 *
 * @param successes may be fractional (ties as halves; the interval is then a little wide, since halves vary less)
 * @param n number of trials
 * @throws StatisticsInputError unless 0 <= successes <= n and n > 0
 */
export function wilsonInterval(successes: number, n: number, confidence = 0.95): Interval {
  requireConfidence(confidence);
  if (!(n > 0 && n < Infinity) || !(successes >= 0 && successes <= n)) {
    throw new StatisticsInputError(
      `need 0 <= successes <= n and n > 0, got successes ${successes} of n ${n}: judge at least one pair`,
    );
  }
  const z = criticalValue(confidence);
  const share = successes / n;
  const scale = 1 + (z * z) / n;
  const center = (share + (z * z) / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / scale;
  return {
    lower: successes === 0 ? 0 : Math.max(0, center - half),
    upper: successes === n ? 1 : Math.min(1, center + half),
    confidence,
  };
}
