/** Frontiers: how far each method's adapter is from the base at each strength, how often it wins there, and all at equal distance. */
import { frontierResult } from '../api/tasks/frontier.ts';
import { holm } from '../statistics/holm.ts';
import { matchRates, type MatchedRates, type MeasuredPoint } from '../statistics/matched-rates.ts';
import { significanceGroups } from '../statistics/significance-groups.ts';
import type { FrontierReport } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';

/** Resamples are drawn by it: the same rows give the same report. */
const SEED = 1;

/** Chance of any false finding among all pairs of a judge. */
const LEVEL = 0.05;

/** One report a judge, in the order in which judges occur; none where no experiment has a frontier. */
export function frontierReports(experiments: readonly ExperimentEvidence[]): FrontierReport[] {
  const judges = new Set(experiments.flatMap(({ frontier }) => frontier.map(({ judge }) => judge)));
  return [...judges].map((judge) => {
    const matched = matchedOf(experiments, judge);
    return {
      judge,
      curves: experiments.flatMap((experiment) => curveOf(experiment, judge)),
      matched: matched && matchedReport(matched, seedsOf(experiments, judge)),
    };
  });
}

/** Points of an experiment as its stage measured them; none without a frontier by the judge. */
function curveOf({ method, seed, results }: ExperimentEvidence, judge: string): FrontierReport['curves'] {
  const result = results['frontier']?.[0];
  if (!result) return [];
  const points = frontierResult.parse(result).points.flatMap((point) => {
    const verdict = point.verdicts.find((one) => one.judge === judge);
    if (verdict === undefined) return [];
    const { winRate, interval, lengthControlled } = verdict;
    return [
      {
        strength: point.strength,
        kl: { value: point.kl, interval: point.klInterval },
        winRate: { value: winRate, interval },
        lengthControlled: lengthControlled && {
          value: lengthControlled.rate,
          interval: lengthControlled.interval,
        },
        tokens: point.tokens.mean,
        endedShare: point.endedShare,
        distinct2: point.distinct2,
      },
    ];
  });
  return points.length === 0 ? [] : [{ method, seed, points }];
}

/** Experiments by method that the judge has a frontier of. */
function byMethod(experiments: readonly ExperimentEvidence[], judge: string) {
  const judged = experiments.filter(({ frontier }) => frontier.some((row) => row.judge === judge));
  return Map.groupBy(judged, ({ method }) => method);
}

const seedsOf = (experiments: readonly ExperimentEvidence[], judge: string) =>
  new Map([...byMethod(experiments, judge)].map(([method, own]) => [method, own.map(({ seed }) => seed)]));

/** All methods on the prompts that every point of every one of them answered; null where there is none, or none has moved. */
function matchedOf(experiments: readonly ExperimentEvidence[], judge: string): MatchedRates | null {
  const systems = [...byMethod(experiments, judge)].map(([name, own]) => ({
    name,
    runs: own.map(({ frontier }) => {
      const rows = frontier.filter((row) => row.judge === judge);
      return [...Map.groupBy(rows, ({ strength }) => strength).values()].map(
        (ofPoint) => new Map(ofPoint.map((row) => [row.promptId, row])),
      );
    }),
  }));
  const points = systems.flatMap(({ runs }) => runs.flat());
  const prompts = [...(points[0]?.keys() ?? [])].filter((id) => points.every((point) => point.has(id)));
  if (prompts.length === 0) return null;
  const measured = systems.map(({ name, runs }) => ({
    name,
    runs: runs.map((run) =>
      run.map((point): MeasuredPoint => {
        const rows = prompts.flatMap((id) => point.get(id) ?? []);
        return { distances: rows.map(({ nats }) => nats), shares: rows.map(({ share }) => share) };
      }),
    ),
  }));
  return matchRates(measured, { seed: SEED });
}

type MatchedReport = NonNullable<FrontierReport['matched']>;

/** @param seeds of each method's runs, in their order */
function matchedReport(
  { prompts, stayed, reach, levels, differences }: MatchedRates,
  seeds: ReadonlyMap<string, readonly number[]>,
): MatchedReport {
  const adjusted = differences.length === 0 ? [] : holm(differences.map(({ p }) => p));
  const pairs = differences.map(({ first, second, difference }, index) => {
    return { first, second, difference, adjustedP: adjusted[index] ?? 1 };
  });
  const [best] = levels;
  const order = (best?.rates ?? [])
    .toSorted((one, other) => other.rate.value - one.rate.value)
    .map(({ name }) => name);
  const groups = significanceGroups(order, (one, other) =>
    pairs.some(
      ({ first, second, adjustedP }) =>
        adjustedP < LEVEL && ((first === one && second === other) || (first === other && second === one)),
    ),
  );
  return {
    prompts,
    stayed: [...stayed],
    methods: order.map((method, place) => ({
      method,
      groups: groups[place] ?? '',
      reach: reach.find(({ name }) => name === method)?.distance ?? 0,
    })),
    levels: levels.map(({ distance, rates }) => ({
      kl: distance,
      rates: order.flatMap((method) => {
        const found = rates.find(({ name }) => name === method);
        if (found === undefined) return [];
        const perSeed = found.perRun.map((value, run) => ({ seed: seeds.get(method)?.[run] ?? 0, value }));
        return [{ method, rate: found.rate, perSeed }];
      }),
    })),
    differences: pairs,
  };
}
