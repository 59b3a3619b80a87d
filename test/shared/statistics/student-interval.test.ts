/** Student's interval against its own definition: the density integrated, and its coverage of normal draws. */
import { expect, it } from 'vitest';
import { normal } from '../../../shared/random.ts';
import { studentInterval } from '../../../shared/statistics/student-interval.ts';

/** ln Gamma at halves of whole numbers, by its recursion. */
function logGamma(x: number): number {
  if (x === 0.5) return Math.log(Math.PI) / 2;
  if (x === 1) return 0;
  return Math.log(x - 1) + logGamma(x - 1);
}

/** Share of Student's distribution between -t and t: Simpson's rule on its density. */
function within(t: number, degrees: number): number {
  const scale = Math.exp(logGamma((degrees + 1) / 2) - logGamma(degrees / 2)) / Math.sqrt(degrees * Math.PI);
  const density = (x: number) => scale * (1 + (x * x) / degrees) ** (-(degrees + 1) / 2);
  const [steps, width] = [20_000, t / 20_000];
  let sum = density(0) + density(t);
  for (let step = 1; step < steps; step++) sum += (step % 2 === 1 ? 4 : 2) * density(step * width);
  return (2 * sum * width) / 3;
}

/** Half the interval in standard errors. */
function quantileAt(degrees: number): number {
  const values = Array.from({ length: degrees + 1 }, (_, index) => (index === 0 ? 1 : 0));
  const { lower, upper, confidence } = studentInterval(values);
  expect(confidence).toBe(0.95);
  const n = degrees + 1;
  const error = Math.sqrt((1 - 1 / n) / degrees / n);
  expect((lower + upper) / 2).toBeCloseTo(1 / n, 12);
  return (upper - lower) / 2 / error;
}

it.each([1, 2, 3, 5, 10, 11, 12, 20, 99])('holds 0.95 of the density at %d degrees of freedom', (degrees) => {
  expect(Math.abs(within(quantileAt(degrees), degrees) - 0.95)).toBeLessThan(1.5e-5);
});

it('covers the mean of three normal draws in 95 % of 4,000 samples', () => {
  let covered = 0;
  for (let sample = 0; sample < 4000; sample++) {
    const { lower, upper } = studentInterval([0, 1, 2].map((draw) => 5 + 3 * normal(7, sample, draw)));
    if (lower <= 5 && upper >= 5) covered++;
  }
  // Four standard errors of the share.
  expect(Math.abs(covered / 4000 - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / 4000));
});

it('is none of one value', () => {
  expect(() => studentInterval([1])).toThrow(/one value/);
  expect(() => studentInterval([])).toThrow(/values/);
});
