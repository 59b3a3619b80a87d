/** Rates at equal distance: against curves whose crossing is known by hand, and how often intervals hold the truth. */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { holm } from '../../../shared/statistics/holm.ts';
import {
  matchRates,
  rateAt,
  type MeasuredPoint,
  type MeasuredSystem,
} from '../../../shared/statistics/matched-rates.ts';

const SEED = Number(process.env['COVERAGE_SEED'] ?? 1);

/** A point that is the same for every prompt. */
const point = (distance: number, rate: number, prompts = 5): MeasuredPoint => ({
  distances: Array.from({ length: prompts }, () => distance),
  shares: Array.from({ length: prompts }, () => rate),
});
const system = (name: string, ...runs: (readonly MeasuredPoint[])[]): MeasuredSystem => ({ name, runs });

describe('a rate at a distance', () => {
  const curve = [
    { distance: 4, rate: 0.6 },
    { distance: -0.2, rate: 0.9 },
    { distance: 1, rate: 0.7 },
    { distance: 2, rate: 0.8 },
  ];

  it.each([
    [0, 0.5],
    [-1, 0.5],
    [0.5, 0.5 + 0.2 * Math.SQRT1_2],
    [1, 0.7],
    [1.25, 0.7 + (0.1 * (Math.sqrt(1.25) - 1)) / (Math.SQRT2 - 1)],
    [3, 0.8 - (0.2 * (Math.sqrt(3) - Math.SQRT2)) / (2 - Math.SQRT2)],
    [4, 0.6],
    [4.001, -1],
  ])(
    '%d: %d, from a half at 0 through the points in their order, linear in the root of the distance',
    (distance, rate) => {
      // Beyond the last point there is none.
      expect(rateAt(curve, distance) ?? -1).toBeCloseTo(rate, 12);
    },
  );
});

describe('systems at equal distance', () => {
  it('are compared where the shortest of them ends, and half way', () => {
    const found = matchRates(
      [
        system('far', [point(1, 0.6), point(3, 0.9)]),
        system('near', [point(2, 0.9)], [point(5, 0.5), point(1, 0.6)]),
      ],
      { seed: 1, resamples: 50 },
    );
    expect(found?.stayed).toEqual([]);
    expect(found?.reach).toEqual([
      { name: 'far', distance: 3 },
      { name: 'near', distance: 2 },
    ]);
    expect(found?.levels.map(({ distance }) => distance.value)).toEqual([2, 1]);
    const rates = found?.levels.map((level) => level.rates.map(({ rate }) => rate.value));
    const far = 0.6 + (0.3 * (Math.SQRT2 - 1)) / (Math.sqrt(3) - 1);
    const second = 0.6 - (0.1 * (Math.SQRT2 - 1)) / (Math.sqrt(5) - 1);
    expect(rates?.[0]?.[0]).toBeCloseTo(far, 12);
    expect(rates?.[0]?.[1]).toBeCloseTo((0.9 + second) / 2, 12);
    expect(rates?.[1]?.[0]).toBeCloseTo(0.6, 12);
    expect(rates?.[1]?.[1]).toBeCloseTo((0.5 + 0.4 * Math.SQRT1_2 + 0.6) / 2, 12);
    expect(found?.levels[0]?.rates[1]?.perRun).toEqual([0.9, expect.closeTo(second, 12)]);
    expect(found?.differences).toHaveLength(1);
    expect(found?.differences[0]?.difference.value).toBeCloseTo(far - (0.9 + second) / 2, 12);
  });

  it('leave out one that has not moved, and say so; without any there is nothing to compare', () => {
    const systems = [system('moved', [point(2, 0.7)]), system('stayed', [point(2, 0.6)], [point(-0.1, 0.5)])];
    const found = matchRates(systems, { seed: 1, resamples: 50 });
    expect(found?.stayed).toEqual(['stayed']);
    expect(found?.levels[0]?.rates.map(({ name }) => name)).toEqual(['moved']);
    expect(found?.differences).toEqual([]);
    expect(matchRates(systems.slice(1), { seed: 1 })).toBeNull();
  });

  it('that differ as much as can be are told apart however many there are: no p is too large for Holm', () => {
    const names = Array.from({ length: 13 }, (_, index) => `s${index}`);
    const systems = names.map((name, index) => system(name, [point(2, index === 0 ? 1 : 0.2, 20)]));
    const found = matchRates(systems, { seed: 1 });
    const adjusted = holm(found?.differences.map(({ p }) => p) ?? []);
    expect(adjusted).toHaveLength((13 * 12) / 2);
    expect(adjusted.slice(0, 12).every((p) => p < 0.02)).toBe(true);
    expect(adjusted.slice(12).every((p) => p === 1)).toBe(true);
  });

  it('that are one and the same differ in no resample', () => {
    const noisy = [drawnPoint({ distance: 2, rate: 0.7 }, 1, 1, 40)];
    const found = matchRates([system('one', noisy), system('other', noisy)], { seed: 1, resamples: 100 });
    expect(found?.differences[0]).toMatchObject({
      difference: { value: 0, interval: { lower: 0, upper: 0 } },
      p: 1,
    });
  });

  it('refuse points of other numbers of prompts, no point, and what is no share', () => {
    const match = (...runs: (readonly MeasuredPoint[])[]) => matchRates([system('s', ...runs)], { seed: 1 });
    expect(() => match([point(1, 0.6), point(1, 0.6, 4)])).toThrow(/must be paired one to one/);
    expect(() => match([])).toThrow(/every run a point/);
    expect(() => match()).toThrow(/needs a run/);
    expect(() => match([point(1, 1.1)])).toThrow(/in 0..1/);
    expect(() => match([point(Number.NaN, 0.5)])).toThrow(/finite/);
  });
});

interface Truth {
  readonly distance: number;
  readonly rate: number;
}

/** Nats with a long tail to the right and shares of 0 and 1, both with what a prompt has in common for all systems. */
function drawnPoint({ distance, rate }: Truth, run: number, stream: number, prompts: number): MeasuredPoint {
  const rows = Array.from({ length: prompts }, (_, row) => row);
  return {
    distances: rows.map((row) => {
      const common = normal(run, 500, row);
      return distance + 0.5 * distance * (0.6 * common + normal(run, stream, row) ** 2 - 1);
    }),
    shares: rows.map((row) => {
      const hard = 0.15 * Math.sign(normal(run, 501, row));
      return Number(uniform(run, stream + 100, row) < rate + hard);
    }),
  };
}

const TRUTHS: Readonly<Record<string, readonly Truth[]>> = {
  one: [
    { distance: 1, rate: 0.6 },
    { distance: 2.5, rate: 0.7 },
    { distance: 5, rate: 0.75 },
  ],
  other: [
    { distance: 0.5, rate: 0.6 },
    { distance: 1.5, rate: 0.75 },
    { distance: 3, rate: 0.8 },
  ],
};

describe(`intervals at equal distance, seed ${SEED} (COVERAGE_SEED)`, () => {
  it('hold the truth about as often as they say, of rates and of differences, and tell equals apart seldom', () => {
    const [simulations, prompts, resamples] = [300, 80, 300];
    const truthAt = (name: string, distance: number) => rateAt(TRUTHS[name] ?? [], distance) ?? Number.NaN;
    const truths = {
      distance: 3,
      one: truthAt('one', 3),
      other: truthAt('other', 3),
      half: truthAt('one', 1.5),
    };
    const covered = { distance: 0, one: 0, other: 0, half: 0, difference: 0 };
    let toldApart = 0;
    const holds = ({ interval }: { interval: { lower: number; upper: number } }, truth: number) =>
      Number(interval.lower <= truth && truth <= interval.upper);
    for (let simulation = 0; simulation < simulations; simulation++) {
      const run = SEED * 100_000 + simulation;
      const drawn = (name: string, stream: number) =>
        (TRUTHS[name] ?? []).map((truth, place) => drawnPoint(truth, run, stream + place, prompts));
      const found = matchRates([system('one', drawn('one', 1)), system('other', drawn('other', 11))], {
        seed: run,
        resamples,
      });
      const [whole, half] = found?.levels ?? [];
      const [one, other] = whole?.rates ?? [];
      const [difference] = found?.differences ?? [];
      const [oneHalf] = half?.rates ?? [];
      if (!whole || !one || !other || !difference || !oneHalf) throw new Error('nothing was compared');
      covered.distance += holds(whole.distance, truths.distance);
      covered.one += holds(one.rate, truths.one);
      covered.other += holds(other.rate, truths.other);
      covered.half += holds(oneHalf.rate, truths.half);
      covered.difference += holds(difference.difference, truths.one - truths.other);
      const equals = matchRates([system('one', drawn('one', 1)), system('two', drawn('one', 21))], {
        seed: run,
        resamples,
      });
      toldApart += Number((equals?.differences[0]?.p ?? 1) < 0.05);
    }
    for (const [of, count] of Object.entries(covered)) {
      expect(count / simulations, of).toBeGreaterThan(0.9);
      expect(count / simulations, of).toBeLessThan(0.99);
    }
    expect(toldApart / simulations).toBeLessThan(0.08);
  });
});
