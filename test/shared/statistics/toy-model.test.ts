/**
 * The paper's toy model (appendix N): attribute a(o) ~ N(mu(p), 1), and a scorer that sees it with N(0, 1) noise per
 * output. How accurate are RLAIF's labels and RLCD's, over all pairs and over close ones (|a1 - a2| <= 0.2)?
 * Closed forms and simulation must both give 0.75, 0.528, 0.574 and 0.5.
 */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { normalCdf, normalDensity } from '../../../shared/statistics/normal-distribution.ts';

const SD = Math.SQRT2; // of a1 - a2, and of the noise difference
const CLOSE = 0.2;

/** RLAIF: both outputs from p; right when d and d + e have the same sign, with correlation 1/sqrt(2) (Sheppard). */
const rlaifAccuracy = 0.5 + Math.asin(1 / Math.SQRT2) / Math.PI;

/** RLAIF among close pairs: E[Phi(|d| / sqrt 2)] given |d| <= 0.2, by Simpson's rule. */
function closeRlaifAccuracy(): number {
  const steps = 200;
  let [right, all] = [0, 0];
  for (let step = 0; step <= steps; step++) {
    const d = (CLOSE * step) / steps;
    const weight = (step === 0 || step === steps ? 1 : step % 2 === 1 ? 4 : 2) * normalDensity(d / SD);
    right += weight * normalCdf(d / SD);
    all += weight;
  }
  return right / all;
}

/** RLCD among close pairs: P(d > 0 given |d| <= 0.2) for d ~ N(difference, 2); the label always says o+. */
function closeRlcdAccuracy(difference: number): number {
  const below = (x: number) => normalCdf((x - difference) / SD);
  return (below(CLOSE) - below(0)) / (below(CLOSE) - below(-CLOSE));
}

/** A draw of d ~ N(difference, 2) given |d| <= 0.2: uniform proposals, accepted in proportion to the density. */
function closeDifference(difference: number, seed: number, row: number): number {
  const density = (d: number) => normalDensity((d - difference) / SD);
  const highest = density(Math.max(-CLOSE, Math.min(CLOSE, difference)));
  for (let counter = 0; ; counter += 2) {
    const d = CLOSE * (2 * uniform(seed, row, counter) - 1);
    if (uniform(seed, row, counter + 1) * highest < density(d)) return d;
  }
}

const share = (rows: number, right: (row: number) => boolean) => {
  let count = 0;
  for (let row = 0; row < rows; row++) count += Number(right(row));
  return count / rows;
};

describe("the paper's toy model", () => {
  it('closed forms: 0.75, 0.528, 0.574, 0.5', () => {
    expect(rlaifAccuracy).toBeCloseTo(0.75, 14);
    expect(closeRlaifAccuracy().toFixed(3)).toBe('0.528');
    expect(closeRlcdAccuracy(3).toFixed(3)).toBe('0.574');
    expect(closeRlcdAccuracy(0)).toBe(0.5);
  });

  // Four standard errors of each simulation: below 0.0015, so three digits of the closed form are confirmed.
  const rows = 2_000_000;
  const tolerance = 4 * Math.sqrt(0.25 / rows);

  it('simulation: RLAIF over all pairs', () => {
    const measured = share(rows, (row) => {
      const d = SD * normal(1, row, 0);
      return d * (d + SD * normal(1, row, 1)) > 0;
    });
    expect(Math.abs(measured - 0.75)).toBeLessThan(tolerance);
  });

  it('simulation: RLAIF over close pairs', () => {
    const measured = share(rows, (row) => {
      const d = closeDifference(0, 2, row);
      return d * (d + SD * normal(3, row, 0)) > 0;
    });
    expect(Math.abs(measured - closeRlaifAccuracy())).toBeLessThan(tolerance);
  });

  it.each([3, 0])('simulation: RLCD over close pairs, means %d apart', (difference) => {
    const measured = share(rows, (row) => closeDifference(difference, 4 + difference, row) > 0);
    expect(Math.abs(measured - closeRlcdAccuracy(difference))).toBeLessThan(tolerance);
  });
});
