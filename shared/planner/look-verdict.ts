/** Whether a look at a model's answers speaks against an alignment, and what would mend it. */
import type { Interval } from '../statistics/interval.ts';
import { wilsonInterval } from '../statistics/wilson-interval.ts';
import { counted } from '../text/counted.ts';

interface Share {
  readonly share: number;
  readonly interval: Interval;
}

/** Answers that the filter refused, by reason. */
interface LookSide {
  readonly rejected: Readonly<Record<string, number>>;
}

/** What of a contrast's measurement decides. */
export interface LookFigures {
  /** Answers that the filter of the simulation keeps. */
  readonly acceptance: Share;
  /** Answers that are likelier under their own affix than under the opposite one. */
  readonly separation: Share;
  readonly positive: LookSide;
  readonly negative: LookSide;
}

/** Why a run would hardly work. */
interface Doubt {
  readonly code: 'few-accepted' | 'no-contrast' | 'few-comparisons';
  readonly fault: string;
  readonly cure: string;
}

const LEAST_ACCEPTED = 0.5;

/** What to change where most refusals have that reason. */
const CURES: Readonly<Record<string, string>> = {
  'no-sentence-end':
    'Give more tokens to an answer (--answer-tokens, or "Longest answer" in the dashboard), so that its first sentence ends',
  'no-human-turn':
    'The model does not speak in dialogues: take one with a chat template, or a base model that knows "Human:" and "Assistant:"',
  'no-line-end':
    'Give more tokens to an answer (--answer-tokens, or "Longest answer" in the dashboard), so that it ends',
  empty:
    'The model ends before it says anything: take prompts that ask for an answer, or a model tuned to answer',
  'role-mark': "The model goes on with the user's turns: take one whose chat template it was tuned with",
  'broken-character':
    "The model's text breaks off within characters: take a model that knows the prompts' language",
};

/**
 * Reasons that speak against going on, the gravest first; none where the look is good.
 *
 * @param comparisons how many the verdict is to be made of; undefined where there is none
 */
export function doubtsOf(look: LookFigures, comparisons?: number): Doubt[] {
  return [...acceptanceDoubt(look), ...contrastDoubt(look), ...comparisonDoubt(comparisons)];
}

/** Refused answers of both sides by reason, the most frequent first. */
export function refusals({ positive, negative }: LookFigures): (readonly [reason: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const [reason, count] of [positive, negative].flatMap(({ rejected }) => Object.entries(rejected)))
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

function acceptanceDoubt(look: LookFigures): Doubt[] {
  if (look.acceptance.share >= LEAST_ACCEPTED) return [];
  const [reason = ''] = refusals(look)[0] ?? [];
  const fault = `the filter keeps ${Math.round(100 * look.acceptance.share)} % of the answers, half is the least (most refused: ${reason})`;
  const otherwise = 'Look at the answers above, and take prompts or a model that fit each other';
  return [{ code: 'few-accepted', fault, cure: CURES[reason] ?? otherwise }];
}

/** A verdict that could not come out: even where every comparison is won, its interval holds a half. */
function comparisonDoubt(comparisons: number | undefined): Doubt[] {
  if (comparisons === undefined) return [];
  if (comparisons > 0 && wilsonInterval(comparisons, comparisons).lower > 0.5) return [];
  const fault = `the verdict is made of ${counted(comparisons, 'comparison')}, too few to tell the model from its base: even if it wins them all, a half lies in the interval`;
  return [{ code: 'few-comparisons', fault, cure: 'Take prompts of which at least 4 are in the split test' }];
}

function contrastDoubt({ separation: { share, interval } }: LookFigures): Doubt[] {
  if (interval.lower > 0.5) return [];
  const fault = `the sides of the principle cannot be told apart: ${Math.round(100 * share)} % of the answers are likelier under their own affix, and a coin would give 50 %`;
  const cure =
    'Say the affixes in words that this model knows and that differ more (a principle of your own as a JSON file), or take a larger model';
  return [{ code: 'no-contrast', fault, cure }];
}
