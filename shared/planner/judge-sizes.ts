/** How many pairs of people a judge is trained on, with which settings, and how long that takes. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import { secondsOf, type WorkRates } from './seconds.ts';
import type { Work } from './work.ts';

/** The stage as a plan and a person read it. */
export const JUDGE_STAGE = 'train-judge';

/** Tokens of prompt and response; longer pairs are left out. */
export const JUDGE_LENGTH = 256;

/** Fewer teach nothing that could be told from chance. */
export const LEAST_JUDGE_PAIRS = 100;
const MOST_PAIRS = 2000;
/** Of the pairs, kept to measure the judge, and how many are enough. */
const HELD_OUT_SHARE = 0.15;
const MOST_HELD_OUT = 300;
/** Of a budget, what the judge may take. */
const BUDGET_SHARE = 1 / 3;

const heldOut = (pairs: number): number =>
  Math.min(MOST_HELD_OUT, Math.max(1, Math.round(HELD_OUT_SHARE * pairs)));

/** The settings of the judge's experiment; the rate is the one at which a model of 135M parameters learned (docs/results/chat.md). */
export function judgeSettings(pairs: number): Hyperparameters {
  return {
    'train-preference-model': {
      learningRate: 5e-4,
      epochs: 1,
      maximumLength: JUDGE_LENGTH,
      heldOutPairs: heldOut(pairs),
    },
  };
}

/** What a plan knows of the pairs and the machine. */
export interface JudgeLook {
  /** Tokens of each pair: of both texts, with what they begin with once. */
  readonly tokens: readonly number[];
  readonly rates: WorkRates;
}

/** Tokens that are read and trained on with so many of the pairs, some of which are held out. @param tokens of each pair */
export function judgeWork(pairs: number, tokens: readonly number[]): Work {
  const ofPair = tokens.reduce((sum, count) => sum + count, 0) / Math.max(1, tokens.length);
  const read = heldOut(pairs);
  return { sampled: 0, read: read * ofPair, trained: (pairs - read) * ofPair };
}

/** Seconds of training on so many of the pairs, and of measuring on those that are held out. */
export function judgeSeconds(pairs: number, { tokens, rates }: JudgeLook): number {
  return secondsOf(judgeWork(pairs, tokens), rates, 1);
}

/** As many of the pairs as a judge is trained on. @param budget seconds of the whole run; undefined for as long as it takes */
export function judgePairCount(available: number, look?: JudgeLook, budget?: number): number {
  const most = Math.min(MOST_PAIRS, available);
  if (look === undefined || budget === undefined) return most;
  const least = Math.min(LEAST_JUDGE_PAIRS, available);
  let pairs = most;
  while (pairs > least && judgeSeconds(pairs, look) > BUDGET_SHARE * budget) pairs -= 1;
  return pairs;
}
