/** Judging two systems on the same prompts: every comparison, and a win rate that shows what stands behind it. */
import type { z } from 'zod';
import { compareSentiment, sentiment } from '../../shared/judges/sentiment-judge.ts';
import { lengthControlledWinRate } from '../../shared/statistics/length-controlled-win-rate.ts';
import { mean } from '../../shared/statistics/summary.ts';
import { winRate } from '../../shared/statistics/win-rate.ts';
import type { comparisonLine, judgement } from '../../shared/api/tasks/judge.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import type { Completion } from './completion.ts';
import { describeCompletions } from './describe-completions.ts';

type Judgement = z.infer<typeof judgement>;
type Comparison = z.infer<typeof comparisonLine>;

const JUDGE = 'sentiment';

/**
 * Judges the first system's completions against the second's, prompt by prompt, with the sentiment judge that no
 * training step sees. The judge scores one text at a time, so both orders give the same answer and count once.
 *
 * @throws AlgorithmInputError if the systems do not answer the same prompts, or there is none
 */
export function judgeSentiment(
  first: readonly Completion[],
  second: readonly Completion[],
): { readonly comparisons: Comparison[]; readonly judgement: Judgement } {
  const others = new Map(second.map((completion) => [completion.promptId, completion]));
  const pairs = first.map((completion) => {
    const other = others.get(completion.promptId);
    if (other === undefined || other.prompt !== completion.prompt) {
      throw new AlgorithmInputError(
        `prompt ${completion.promptId} has no counterpart in the second system: generate both from one split`,
      );
    }
    return [completion, other] as const;
  });
  if (pairs.length === 0 || others.size !== pairs.length || second.length !== pairs.length) {
    throw new AlgorithmInputError(
      `the systems answer ${first.length} and ${second.length} prompts: both must answer the same, at least one`,
    );
  }
  const comparisons = pairs.map(([one, other]) => ({
    judge: JUDGE,
    promptId: one.promptId,
    prompt: one.prompt,
    first: one.completion,
    second: other.completion,
    firstScore: sentiment(one.completion),
    secondScore: sentiment(other.completion),
    share: compareSentiment(one.completion, other.completion),
  }));
  return { comparisons, judgement: summarise(pairs, comparisons) };
}

function summarise(
  pairs: readonly (readonly [Completion, Completion])[],
  comparisons: readonly Comparison[],
): Judgement {
  const shares = comparisons.map((comparison) => comparison.share);
  const won = winRate(shares);
  const firstSummary = describe(
    pairs.map(([one]) => one),
    comparisons.map((comparison) => comparison.firstScore),
  );
  const secondSummary = describe(
    pairs.map(([, other]) => other),
    comparisons.map((comparison) => comparison.secondScore),
  );
  return {
    judge: JUDGE,
    n: won.n,
    winRate: won.rate,
    interval: won.interval,
    wins: won.wins,
    losses: won.losses,
    ties: won.ties,
    lengthControlled: lengthControlled(
      shares,
      pairs.map(([one, other]) => one.tokens - other.tokens),
    ),
    first: firstSummary,
    second: secondSummary,
    ratios: {
      length: firstSummary.tokens.mean / secondSummary.tokens.mean,
      distinct2: firstSummary.distinct2 / secondSummary.distinct2,
      perplexity: firstSummary.perplexityUnderBase / secondSummary.perplexityUnderBase,
    },
  };
}

/** Null when every pair has the same non-zero difference: then no fit can tell length from quality. */
function lengthControlled(
  shares: readonly number[],
  differences: readonly number[],
): Judgement['lengthControlled'] {
  const [start] = differences;
  if (start !== 0 && differences.every((difference) => difference === start)) return null;
  const fit = lengthControlledWinRate(shares, differences);
  return { rate: fit.lengthControlledRate, interval: fit.interval };
}

function describe(completions: readonly Completion[], scores: readonly number[]): Judgement['first'] {
  return { ...describeCompletions(completions), meanScore: mean(scores) };
}
