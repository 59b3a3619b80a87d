/** Logistic regression and the area under the curve, against solvers written another way. */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { areaUnderCurve } from '../../../shared/statistics/area-under-curve.ts';
import { fitLogistic, logOdds, type LogisticModel } from '../../../shared/statistics/logistic-regression.ts';
import { solveSymmetric } from '../../../shared/statistics/solve-symmetric.ts';

const SEEDS = Array.from({ length: 12 }, (_, index) => Number(process.env['LOGISTIC_SEED'] ?? 1) + index);

/** Rows around a plane, with labels that it tells in part. */
function problem(seed: number, n = 40 + (seed % 7) * 13, width = 1 + (seed % 9)) {
  const rows = Array.from({ length: n }, (_, row) =>
    Float64Array.from({ length: width }, (_unused, place) => normal(seed, row, place)),
  );
  const outcomes = rows.map((row, index) => {
    const z = row.reduce((sum, value, place) => sum + value * Math.cos(place + seed), -0.5);
    return uniform(seed, 1000 + index, 0) < 1 / (1 + Math.exp(-1.5 * z)) ? 1 : 0;
  });
  outcomes[0] = 0;
  outcomes[1] = 1;
  const penalty = 10 ** (3 * uniform(seed, 9999, 0) - 2);
  return { rows, outcomes, penalty, width };
}

/** The function that is minimised, written plainly. */
function objective(
  { rows, outcomes, penalty }: Pick<ReturnType<typeof problem>, 'rows' | 'outcomes' | 'penalty'>,
  { weights, intercept }: LogisticModel,
): number {
  const losses = rows.map((row, index) => {
    const z = row.reduce((sum, value, place) => sum + value * (weights[place] ?? 0), intercept);
    return Math.log(1 + Math.exp(outcomes[index] === 1 ? -z : z));
  });
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
  return losses.reduce((sum, loss) => sum + loss, 0) + (penalty / 2) * squares;
}

/** Newton's method with the whole Hessian, solved by Cholesky. */
function byCholesky({ rows, outcomes, penalty, width }: ReturnType<typeof problem>): Float64Array {
  const size = width + 1;
  let parameters = new Float64Array(size);
  for (let step = 0; step < 60; step++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    for (const [index, row] of rows.entries()) {
      const x = [...row, 1];
      const z = x.reduce((sum, value, place) => sum + value * (parameters[place] ?? 0), 0);
      const p = 1 / (1 + Math.exp(-z));
      for (const [i, a] of x.entries()) {
        gradient[i] = (gradient[i] ?? 0) + a * (p - (outcomes[index] ?? 0));
        for (const [j, b] of x.entries()) {
          hessian[i * size + j] = (hessian[i * size + j] ?? 0) + a * b * p * (1 - p);
        }
      }
    }
    for (let i = 0; i < width; i++) {
      gradient[i] = (gradient[i] ?? 0) + penalty * (parameters[i] ?? 0);
      hessian[i * size + i] = (hessian[i * size + i] ?? 0) + penalty;
    }
    const change = solveSymmetric(hessian, gradient);
    // Half steps are slow and cannot overshoot far.
    parameters = parameters.map((value, place) => value - (step < 8 ? 0.5 : 1) * (change[place] ?? 0));
  }
  return parameters;
}

describe.each(SEEDS)('fitLogistic on the problem of LOGISTIC_SEED=%i', (seed) => {
  const given = problem(seed);
  const model = fitLogistic(given.rows, given.outcomes, given.penalty);

  it('ends where no parameter can be moved to a lower loss', () => {
    const step = 1e-4;
    for (let place = 0; place <= given.width; place++) {
      const at = (by: number) => {
        const weights = model.weights.map((weight, index) => (index === place ? weight + by : weight));
        const intercept = model.intercept + (place === given.width ? by : 0);
        return objective(given, { weights, intercept });
      };
      expect(Math.abs(at(step) - at(-step)) / (2 * step)).toBeLessThan(1e-6);
    }
  });

  it('finds what Newton with the whole Hessian finds', () => {
    const other = byCholesky(given);
    for (const [place, value] of [...model.weights, model.intercept].entries()) {
      expect(value).toBeCloseTo(other[place] ?? Number.NaN, 6);
    }
  });

  it('finds the same from another beginning, and the same bits from the same', () => {
    const far = { weights: model.weights.map((_, place) => 5 * (-1) ** place), intercept: -4 };
    const again = fitLogistic(given.rows, given.outcomes, given.penalty, far);
    for (const [place, value] of again.weights.entries()) {
      expect(value).toBeCloseTo(model.weights[place] ?? Number.NaN, 6);
    }
    expect(fitLogistic(given.rows, given.outcomes, given.penalty)).toEqual(model);
  });
});

describe('fitLogistic', () => {
  it('keeps weights finite where the labels can be told apart wholly', () => {
    const rows = [-2, -1, 1, 2].map((value) => Float64Array.of(value));
    const model = fitLogistic(rows, [0, 0, 1, 1], 1e-3);
    expect(model.weights[0]).toBeGreaterThan(2);
    expect(model.weights[0]).toBeLessThan(20);
    expect(logOdds(model, Float64Array.of(3))).toBeCloseTo(3 * (model.weights[0] ?? 0) + model.intercept, 12);
  });

  it('says what it cannot fit', () => {
    const rows = [Float64Array.of(1), Float64Array.of(2)];
    expect(() => fitLogistic(rows, [1, 1], 1)).toThrow('every outcome is 1: give rows of both');
    expect(() => fitLogistic(rows, [1, 0], 0)).toThrow('penalty must be above 0, got 0');
    expect(() => fitLogistic([], [], 1)).toThrow('outcomes is empty');
    expect(() => fitLogistic(rows, [1], 1)).toThrow('must be paired one to one');
    expect(() => fitLogistic([Float64Array.of(1), Float64Array.of(1, 2)], [1, 0], 1)).toThrow(
      'a row has 2 numbers, the first has 1',
    );
    expect(() => fitLogistic([Float64Array.of(Number.NaN), Float64Array.of(1)], [1, 0], 1)).toThrow(
      'row[0] must be a number finite',
    );
  });
});

describe('areaUnderCurve', () => {
  it.each(SEEDS)('counts pairs, ties for half, on the scores of LOGISTIC_SEED=%i', (seed) => {
    const scores = Array.from({ length: 60 }, (_, row) => Math.floor(10 * uniform(seed, 5, row)));
    const outcomes = scores.map((_, row) => (row < 2 ? row : Number(uniform(seed, 6, row) < 0.4)));
    let [right, pairs] = [0, 0];
    for (const [a, high] of scores.entries()) {
      for (const [b, low] of scores.entries()) {
        if (outcomes[a] !== 1 || outcomes[b] !== 0) continue;
        pairs++;
        right += (Math.sign(high - low) + 1) / 2;
      }
    }
    expect(areaUnderCurve(scores, outcomes)).toBeCloseTo(right / pairs, 12);
  });

  it('is undefined for one label', () => {
    expect(() => areaUnderCurve([1, 2], [1, 1])).toThrow('all outcomes are alike');
  });
});
