/** People's mean made surer by a judge: by hand, against people alone, and how often its interval holds the truth. */
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../shared/random.ts';
import { predictionPowered, type JudgedRow } from '../../../shared/statistics/prediction-powered.ts';
import { clusterMean } from '../../../shared/report/cluster-mean.ts';

/** A judge that is right of a pair with the accuracy given; people prefer the first at the rate. */
function world(
  seed: number,
  { rows, labelled, rate, accuracy }: Record<'rows' | 'labelled' | 'rate' | 'accuracy', number>,
): JudgedRow[] {
  return Array.from({ length: rows }, (_, row) => {
    const people = Number(uniform(seed, 1, row) < rate);
    const judged = uniform(seed, 2, row) < accuracy ? people : 1 - people;
    return { cluster: String(row), judged, labelled: row < labelled ? people : null };
  });
}

const widthOf = ({ interval }: ReturnType<typeof predictionPowered>) => interval.upper - interval.lower;

describe('a prediction-powered mean', () => {
  it('is by hand: people of four rows, the judge of eight', () => {
    const judged = [1, 1, 0, 0, 1, 1, 1, 0];
    const people = [1, 0, 0, 0];
    const rows = judged.map((value, row) => {
      return { cluster: String(row), judged: value, labelled: people[row] ?? null };
    });
    // Cov_4(P, J) = 1/4 - 1/4 * 2/4 = 1/8; Var(J) = 5/8 * 3/8; n/N = 1.
    const weight = 1 / 8 / (2 * (15 / 64));
    const { mean, weight: used, labelled } = predictionPowered(rows);
    expect([used, labelled]).toEqual([weight, 4]);
    expect(mean).toBeCloseTo(1 / 4 + weight * (3 / 4 - 2 / 4), 15);
  });

  it('is the people alone where all are labelled, or the judge says one thing of all', () => {
    const all = world(3, { rows: 60, labelled: 60, rate: 0.7, accuracy: 0.8 });
    const own = all.map(({ cluster, labelled }) => ({ promptId: cluster, value: labelled ?? Number.NaN }));
    const found = predictionPowered(all);
    expect(found.weight).toBe(0);
    expect(found.mean).toBeCloseTo(clusterMean(own).value, 15);
    const constant = world(3, { rows: 60, labelled: 20, rate: 0.7, accuracy: 0.8 }).map((row) =>
      Object.assign({}, row, { judged: 1 }),
    );
    expect(predictionPowered(constant).weight).toBe(0);
    expect(() => predictionPowered(world(3, { rows: 9, labelled: 0, rate: 0.5, accuracy: 1 }))).toThrow(
      'needs a labelled row',
    );
  });

  it('is surer than the people alone by a good judge, and no less sure by a bad one', () => {
    const given = { rows: 600, labelled: 120, rate: 0.6 };
    const alone = (rows: JudgedRow[]) =>
      widthOf(predictionPowered(rows.filter((row) => row.labelled !== null)));
    const good = world(5, { ...given, accuracy: 0.92 });
    expect(widthOf(predictionPowered(good))).toBeLessThan(0.8 * alone(good));
    const coin = world(5, { ...given, accuracy: 0.5 });
    expect(widthOf(predictionPowered(coin))).toBeLessThan(1.1 * alone(coin));
  });

  it.each([
    { rows: 300, labelled: 60, rate: 0.6, accuracy: 0.8 },
    { rows: 300, labelled: 40, rate: 0.8, accuracy: 0.65 },
  ])('has intervals that hold the truth in 95 of 100 worlds: %j', (given) => {
    const worlds = 120;
    let held = 0;
    for (let seed = 100; seed < 100 + worlds; seed++) {
      const { lower, upper } = predictionPowered(world(seed, given)).interval;
      if (lower <= given.rate && given.rate <= upper) held++;
    }
    // Three deviations of 120 draws of 95 %, and what a percentile bootstrap of so few labels lacks.
    expect(held / worlds).toBeGreaterThan(0.88);
    expect(held / worlds).toBeLessThan(1);
  });
});
