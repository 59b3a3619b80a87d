/**
 * Win rates of every system against every other, from the comparisons of each experiment with its base model.
 *
 * A machine judge gives each text a score of its own, so two aligned models that answered the same prompts are
 * compared by those scores, prompt by prompt. People saw pairs of an aligned model and its base model alone.
 */
import { lengthControlledWinRate } from '../../../../shared/statistics/length-controlled-win-rate.ts';
import { definedOrNull } from '../../../../shared/statistics/errors.ts';
import { winRate, type WinRate } from '../../../../shared/statistics/win-rate.ts';
import type { Comparison } from '../../app/types.ts';

/** An aligned model, or the base model that all of them started from. */
export interface System {
  readonly id: string;
  readonly name: string;
  /** By prompt. */
  readonly answers: ReadonlyMap<string, Answer>;
}

interface Answer {
  readonly prompt: string;
  readonly response: string;
  readonly score: number | null;
}

export interface Cell {
  readonly won: WinRate;
  /** At equal length in characters; null where lengths cannot be told from quality. */
  readonly lengthControlled: { readonly rate: number; readonly lower: number; readonly upper: number } | null;
}

interface Read {
  readonly id: string;
  readonly name: string;
  readonly comparisons: readonly Comparison[];
}

export const BASE = 'base';

/** People are one judge together. */
const judgeOf = ({ source, judge }: Comparison) => (source === 'human' ? 'people' : judge);

export function judgesOf(experiments: readonly Read[]): string[] {
  return [...new Set(experiments.flatMap(({ comparisons }) => comparisons.map(judgeOf)))].sort();
}

/** What each system answered, as one judge saw it. The base model answers once for all that share its prompts. */
export function systemsOf(experiments: readonly Read[], judge: string): System[] {
  const base = new Map<string, Answer>();
  const systems = experiments.map(({ id, name, comparisons }) => {
    const answers = new Map<string, Answer>();
    for (const comparison of comparisons.filter((candidate) => judgeOf(candidate) === judge)) {
      const { promptId, prompt, firstResponse, secondResponse, firstScore, secondScore } = comparison;
      answers.set(promptId, { prompt, response: firstResponse, score: firstScore });
      base.set(promptId, { prompt, response: secondResponse, score: secondScore });
    }
    return { id, name, answers };
  });
  return [{ id: BASE, name: 'base model', answers: base }, ...systems];
}

const SHARES = { first: 1, second: 0, tie: 0.5 } as const;

interface Judged {
  readonly share: number;
  readonly lengthDifference: number;
}

function cellOf(judged: readonly Judged[]): Cell | undefined {
  if (judged.length === 0) return undefined;
  const shares = judged.map(({ share }) => share);
  const differences = judged.map(({ lengthDifference }) => lengthDifference);
  return { won: winRate(shares), lengthControlled: controlled(shares, differences) };
}

function controlled(shares: readonly number[], differences: readonly number[]): Cell['lengthControlled'] {
  return definedOrNull(() => {
    const { lengthControlledRate, interval } = lengthControlledWinRate(shares, differences);
    return { rate: lengthControlledRate, lower: interval.lower, upper: interval.upper };
  });
}

/** One system against another by their scores on the prompts that both answered; undefined where there is none. */
export function compareByScore(row: System, column: System): Cell | undefined {
  const judged = [...row.answers].flatMap(([promptId, own]): Judged[] => {
    const other = column.answers.get(promptId);
    if (!other || other.prompt !== own.prompt || own.score === null || other.score === null) return [];
    const share = own.score === other.score ? 0.5 : own.score > other.score ? 1 : 0;
    return [{ share, lengthDifference: own.response.length - other.response.length }];
  });
  return cellOf(judged);
}

/**
 * An aligned model against its base model, as a judge or the people said. What several people said of one prompt is one
 * comparison, their mean: they read the same texts, so n counts prompts.
 */
export function compareWithBase({ comparisons }: Read, judge: string): Cell | undefined {
  const said = comparisons.flatMap((comparison) => {
    if (judgeOf(comparison) !== judge || comparison.outcome === 'skipped') return [];
    const { promptId, outcome, firstResponse, secondResponse } = comparison;
    const lengthDifference = firstResponse.length - secondResponse.length;
    return [{ promptId, share: SHARES[outcome], lengthDifference }];
  });
  const byPrompt = [...Map.groupBy(said, ({ promptId }) => promptId).values()];
  return cellOf(
    byPrompt.map((group): Judged => {
      const mean = (of: (item: Judged) => number) =>
        group.reduce((sum, item) => sum + of(item), 0) / group.length;
      return { share: mean(({ share }) => share), lengthDifference: mean((item) => item.lengthDifference) };
    }),
  );
}

/** The same cell seen from the other side. */
export function mirrored({ won, lengthControlled }: Cell): Cell {
  const { lower, upper, confidence } = won.interval;
  return {
    won: {
      ...won,
      wins: won.losses,
      losses: won.wins,
      rate: 1 - won.rate,
      interval: { lower: 1 - upper, upper: 1 - lower, confidence },
    },
    lengthControlled: lengthControlled && {
      rate: 1 - lengthControlled.rate,
      lower: 1 - lengthControlled.upper,
      upper: 1 - lengthControlled.lower,
    },
  };
}
