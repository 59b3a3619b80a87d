/** Systems compared at equal distance: of curves of rate against distance, the rates where all are equally far. */
import { requireConfidence, requireNumbers, requireSameLength, StatisticsInputError } from './errors.ts';
import type { Interval } from './interval.ts';
import { resampleIndices } from './resample.ts';
import { sortedQuantile } from './summary.ts';

/** A point of a curve, by prompt: one order of prompts holds for all points of all systems. */
export interface MeasuredPoint {
  /** Their mean is the point's distance; single ones may be below 0. */
  readonly distances: readonly number[];
  /** 0 to 1; their mean is the point's rate. */
  readonly shares: readonly number[];
}

/** A system with the curve of each of its runs. */
export interface MeasuredSystem {
  readonly name: string;
  readonly runs: readonly (readonly MeasuredPoint[])[];
}

interface Estimated {
  readonly value: number;
  readonly interval: Interval;
}

/** All systems at one distance. */
interface MatchedLevel {
  readonly distance: Estimated;
  /** In the order of the systems that left the start; a system's rate is the mean of its runs'. */
  readonly rates: readonly {
    readonly name: string;
    readonly rate: Estimated;
    readonly perRun: readonly number[];
  }[];
}

export interface MatchedRates {
  readonly prompts: number;
  /** Systems that a run has no point of above 0: they are nowhere to be compared. */
  readonly stayed: readonly string[];
  /** How far each other system's shortest run goes. */
  readonly reach: readonly { readonly name: string; readonly distance: number }[];
  /** At each share that was asked for of the largest distance that all of them reach. */
  readonly levels: readonly MatchedLevel[];
  /** At the first level, of every pair: the first system's rate less the second's, and the chance that it is none. */
  readonly differences: readonly {
    readonly first: string;
    readonly second: string;
    readonly difference: Estimated;
    readonly p: number;
  }[];
}

interface MatchOptions {
  readonly seed: number;
  /** Unless told 2,000, and 200 for each pair of systems where that is more ({@link resamplesFor}). */
  readonly resamples?: number;
  readonly confidence?: number;
  /** Levels as shares of the largest common distance; all of it and half of it unless told. */
  readonly shares?: readonly number[];
}

/** The least p of so many resamples, 2 / (resamples + 1), stays near 0.01 when Holm multiplies it by the number of pairs. */
function resamplesFor(systems: number): number {
  return Math.max(2000, (200 * systems * (systems - 1)) / 2);
}

interface Point {
  readonly distance: number;
  readonly rate: number;
}

/** What who has not moved wins against itself. */
const START: Point = { distance: 0, rate: 0.5 };

/**
 * The rate at a distance, from a half at 0 through the points in the order of their distance, linear in the root of the
 * distance between neighbours: what a policy gains grows about so (Gao et al. 2023, arXiv 2210.10760), and a chord in the
 * distance itself would lie below the curve, to the disadvantage of whoever goes far between two points.
 *
 * @returns null where no point is so far
 */
export function rateAt(points: readonly Point[], distance: number): number | null {
  if (distance <= START.distance) return START.rate;
  let below = START;
  for (const point of points.toSorted((a, b) => a.distance - b.distance)) {
    if (point.distance >= distance) {
      const [from, to] = [Math.sqrt(below.distance), Math.sqrt(point.distance)];
      const part = (Math.sqrt(distance) - from) / (to - from);
      return below.rate + part * (point.rate - below.rate);
    }
    if (point.distance > START.distance) below = point;
  }
  return null;
}

const reachOf = (runs: readonly (readonly Point[])[]): number =>
  Math.min(...runs.map((points) => Math.max(...points.map(({ distance }) => distance))));

/**
 * Rates at the largest distance that every run of every system reaches, and at shares of it. Percentile intervals resample
 * prompts, of all systems together, and compute everything anew in each resample, the distances and the largest common one
 * among it: so a rate's interval holds what is not known of either axis, and no resample asks for what it does not reach.
 * The p of a difference is twice the smaller share of resamples on one side of 0, which keeps to the interval.
 *
 * @returns null where no system has left the start
 * @throws StatisticsInputError for no prompt, numbers that are none, or points of unlike prompts
 */
export function matchRates(systems: readonly MeasuredSystem[], options: MatchOptions): MatchedRates | null {
  const { seed, resamples = resamplesFor(systems.length), confidence = 0.95, shares = [1, 0.5] } = options;
  requireConfidence(confidence);
  const prompts = promptsOf(systems);
  const every = Uint32Array.from({ length: prompts }, (_, prompt) => prompt);
  const moved = systems.filter(({ runs }) => reachOf(curvesOf(runs, every)) > START.distance);
  if (moved.length === 0) return null;
  const seen = matchOnce(moved, every, shares);
  const drawn = new Uint32Array(prompts);
  const resampled = Array.from({ length: resamples }, (_, resample) =>
    matchOnce(moved, resampleIndices(drawn, seed, resample), shares),
  );
  const estimate = (of: (match: Match) => number): Estimated => {
    const ascending = Float64Array.from(resampled, of).sort();
    const [lower, upper] = [(1 - confidence) / 2, (1 + confidence) / 2].map((at) =>
      sortedQuantile(ascending, at),
    );
    return {
      value: of(seen),
      interval: { lower: lower ?? Number.NaN, upper: upper ?? Number.NaN, confidence },
    };
  };
  const rateOf = (level: number, system: number) => (match: Match) =>
    meanOf(match[level]?.rates[system] ?? []);
  return {
    prompts,
    stayed: systems.filter((system) => !moved.includes(system)).map(({ name }) => name),
    reach: moved.map(({ name, runs }) => ({ name, distance: reachOf(curvesOf(runs, every)) })),
    levels: shares.map((_, level) => ({
      distance: estimate((match) => match[level]?.distance ?? Number.NaN),
      rates: moved.map(({ name }, system) => ({
        name,
        rate: estimate(rateOf(level, system)),
        perRun: seen[level]?.rates[system] ?? [],
      })),
    })),
    differences: moved.flatMap(({ name: first }, one) =>
      moved.slice(one + 1).map(({ name: second }, offset) => {
        const [a, b] = [rateOf(0, one), rateOf(0, one + 1 + offset)];
        const differenceOf = (match: Match) => a(match) - b(match);
        const values = resampled.map(differenceOf);
        return { first, second, difference: estimate(differenceOf), p: chanceOf(values) };
      }),
    ),
  };
}

/** How many prompts all points have. @throws StatisticsInputError */
function promptsOf(systems: readonly MeasuredSystem[]): number {
  const points = systems.flatMap(({ runs }) => runs.flat());
  const [first] = points;
  if (
    first === undefined ||
    systems.some(({ runs }) => runs.length === 0 || runs.some((run) => run.length === 0))
  )
    throw new StatisticsInputError('every system needs a run, and every run a point');
  for (const { distances, shares } of points) {
    requireNumbers('distances', distances);
    requireNumbers('shares', shares, 0, 1);
    requireSameLength('distances', distances, 'shares', shares);
    requireSameLength('distances of the first point', first.distances, 'distances', distances);
  }
  return first.distances.length;
}

/** By level. */
type Match = readonly {
  readonly distance: number;
  /** By system and run. */
  readonly rates: readonly (readonly number[])[];
}[];

function matchOnce(
  systems: readonly MeasuredSystem[],
  prompts: Uint32Array,
  shares: readonly number[],
): Match {
  const curves = systems.map(({ runs }) => curvesOf(runs, prompts));
  const common = Math.min(...curves.map(reachOf));
  return shares.map((share) => {
    const distance = share * common;
    return {
      distance,
      rates: curves.map((runs) => runs.map((points) => rateAt(points, distance) ?? Number.NaN)),
    };
  });
}

/** The curves of runs over these prompts, some of which may stand there several times. */
function curvesOf(runs: MeasuredSystem['runs'], prompts: Uint32Array): Point[][] {
  return runs.map((points) =>
    points.map(({ distances, shares }) => {
      let [distance, rate] = [0, 0];
      for (const prompt of prompts) {
        distance += distances[prompt] ?? Number.NaN;
        rate += shares[prompt] ?? Number.NaN;
      }
      return { distance: distance / prompts.length, rate: rate / prompts.length };
    }),
  );
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The resample that was seen counts as one on either side, so that no p is 0. */
function chanceOf(differences: readonly number[]): number {
  const [below, above] = [
    differences.filter((difference) => difference <= 0).length,
    differences.filter((difference) => difference >= 0).length,
  ];
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (differences.length + 1));
}
