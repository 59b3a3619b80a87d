/** What a reader needs to know of a set of completions: lengths, endings, diversity, and how likely the base finds them. */
import { summarise, type Summary } from '../../shared/statistics/summary.ts';
import { distinctN } from '../../shared/text/distinct-n.ts';
import { words } from '../../shared/text/words.ts';
import type { Completion } from './completion.ts';

export interface CompletionsDescription {
  readonly tokens: Summary;
  readonly endedShare: number;
  readonly distinct2: number;
  /** exp of the mean negative log-probability per token under the base model. */
  readonly perplexityUnderBase: number;
}

/** @throws StatisticsInputError if there is no completion */
export function describeCompletions(completions: readonly Completion[]): CompletionsDescription {
  const tokens = completions.reduce((sum, completion) => sum + completion.tokens, 0);
  const nats = completions.reduce((sum, completion) => sum - completion.baseLogProbability, 0);
  return {
    tokens: summarise(completions.map((completion) => completion.tokens)),
    endedShare: completions.filter((completion) => completion.ended).length / completions.length,
    distinct2: distinctN(
      completions.map((completion) => words(completion.completion)),
      2,
    ),
    perplexityUnderBase: Math.exp(nats / tokens),
  };
}
