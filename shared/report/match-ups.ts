/** Every system against every other, out of what one judge said of each against the base model. */
import { lengthControlledWinRate } from '../statistics/length-controlled-win-rate.ts';
import { definedOrNull } from '../statistics/errors.ts';
import { holm } from '../statistics/holm.ts';
import { signFlipTest } from '../statistics/sign-flip-test.ts';
import { clusterMean, type PromptValue } from './cluster-mean.ts';
import type { MatchUp } from './document.ts';
import { ReportError, type ExperimentEvidence } from './evidence.ts';

export const BASE = 'base';

/** One system against another on one prompt, with one seed. */
interface PairedShare {
  readonly seed: number;
  readonly promptId: string;
  /** Of the first: 1 won, 0 lost, 0.5 tied. */
  readonly share: number;
  /** Tokens of the first minus those of the second. */
  readonly lengthGap: number;
}

/** Score of a response by system, then by seed and prompt. */
export type ScoreTable = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Where a response stands in a {@link ScoreTable}. */
export const placeOf = (seed: number, promptId: string) => `${seed}/${promptId}`;

/** What a judge that scores one text at a time gave to every response; empty for a judge that only compares. */
export function scoreTable(experiments: readonly ExperimentEvidence[], judge: string): ScoreTable {
  const table = new Map<string, Map<string, number>>();
  const put = (system: string, place: string, score: number | null) => {
    if (score === null) return;
    const scores = table.get(system) ?? new Map<string, number>();
    table.set(system, scores.set(place, score));
  };
  for (const { method, seed, comparisons } of experiments) {
    for (const row of comparisons) {
      if (row.judge !== judge) continue;
      put(method, placeOf(seed, row.promptId), row.firstScore);
      put(BASE, placeOf(seed, row.promptId), row.secondScore);
    }
  }
  return table;
}

/** Tokens of every response, by system, then by seed and prompt. */
function tokenTable(experiments: readonly ExperimentEvidence[]): ScoreTable {
  const table = new Map<string, Map<string, number>>();
  for (const { method, seed, completions } of experiments) {
    const tokens = table.get(method) ?? new Map<string, number>();
    for (const row of completions) tokens.set(placeOf(seed, row.promptId), row.tokens);
    table.set(method, tokens);
  }
  return table;
}

/** The judge's comparisons of two systems: its own against the base, by its scores between two methods. */
function pairedShares(
  experiments: readonly ExperimentEvidence[],
  judge: string,
  [first, second]: readonly [string, string],
  scores: ScoreTable,
  tokens: ScoreTable,
): PairedShare[] {
  const gap = (place: string): number => {
    const [a, b] = [tokens.get(first)?.get(place), tokens.get(second)?.get(place)];
    if (a === undefined || b === undefined) {
      throw new ReportError(
        `seed and prompt ${place} have no response of ${a === undefined ? first : second}`,
      );
    }
    return a - b;
  };
  if (second === BASE) {
    return experiments
      .filter(({ method }) => method === first)
      .flatMap(({ seed, comparisons }) =>
        comparisons
          .filter((row) => row.judge === judge)
          .map(({ promptId, share }) => ({ seed, promptId, share, lengthGap: gap(placeOf(seed, promptId)) })),
      );
  }
  const others = scores.get(second);
  return [...(scores.get(first) ?? [])].flatMap(([place, score]) => {
    const other = others?.get(place);
    if (other === undefined) return [];
    const [seed = '', ...promptId] = place.split('/');
    const share = score === other ? 0.5 : Number(score > other);
    return [{ seed: Number(seed), promptId: promptId.join('/'), share, lengthGap: gap(place) }];
  });
}

/** A pair of systems with everything that was compared between them. */
export interface PairOfSystems {
  readonly first: string;
  readonly second: string;
  readonly shares: readonly PairedShare[];
}

/** Every pair of systems that the judge compared, or whose scores it gave; the base stands second. */
export function pairsOfSystems(
  experiments: readonly ExperimentEvidence[],
  judge: string,
  scores: ScoreTable,
): PairOfSystems[] {
  const methods = [...new Set(experiments.map(({ method }) => method))];
  const ordered = [
    ...methods.filter((method) => method !== BASE),
    ...methods.filter((method) => method === BASE),
  ];
  const tokens = tokenTable(experiments);
  return ordered.flatMap((first, place) =>
    ordered.slice(place + 1).flatMap((second) => {
      const shares = pairedShares(experiments, judge, [first, second], scores, tokens);
      return shares.length === 0 ? [] : [{ first, second, shares }];
    }),
  );
}

/** Seed of the flips: the same rows give the same report. */
const FLIP_SEED = 1;

/** Each prompt's rows together, as far as they stand on the side of the first system. */
function chanceOf(shares: readonly PairedShare[]): number {
  const prompts = Map.groupBy(shares, ({ promptId }) => promptId);
  const differences = [...prompts.values()].map((rows) =>
    rows.reduce((sum, row) => sum + row.share - 0.5, 0),
  );
  return signFlipTest(differences, FLIP_SEED);
}

/**
 * Win rates of every pair's first system, over all seeds and by seed, and at equal lengths; chances are adjusted for there
 * being so many pairs.
 */
export function matchUpsOf(pairs: readonly PairOfSystems[]): MatchUp[] {
  if (pairs.length === 0) return [];
  const adjusted = holm(pairs.map(({ shares }) => chanceOf(shares)));
  return pairs.map((pair, index) => matchUp(pair, adjusted[index] ?? 1));
}

function matchUp({ first, second, shares }: PairOfSystems, adjustedP: number): MatchUp {
  const wins = shares.filter(({ share }) => share === 1).length;
  const losses = shares.filter(({ share }) => share === 0).length;
  const values: PromptValue[] = shares.map(({ promptId, share }) => ({ promptId, value: share }));
  const bySeed = Map.groupBy(shares, ({ seed }) => seed);
  return {
    first,
    second,
    n: shares.length,
    wins,
    losses,
    ties: shares.length - wins - losses,
    rate: clusterMean(values),
    adjustedP,
    perSeed: [...bySeed].map(([seed, own]) => ({ seed, value: meanOf(own.map(({ share }) => share)) })),
    lengthControlled: atEqualLength(shares),
  };
}

function atEqualLength(shares: readonly PairedShare[]): MatchUp['lengthControlled'] {
  return definedOrNull(() => {
    const fit = lengthControlledWinRate(
      shares.map(({ share }) => share),
      shares.map(({ lengthGap }) => lengthGap),
      { clusters: shares.map(({ promptId }) => promptId) },
    );
    return { value: fit.lengthControlledRate, interval: fit.interval };
  });
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
