/** What simulation did to the data: rejections, lengths per side, duplicates, overlap, and the bias of retries. */
import { mean, summarise } from '../../../shared/statistics/summary.ts';
import { ngrams } from '../../../shared/text/ngrams.ts';
import { words } from '../../../shared/text/words.ts';
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';

export type Side = 'chosen' | 'rejected';

/** An accepted response. */
export interface Accepted {
  readonly response: string;
  /** Tries it took, from 1. */
  readonly tries: number;
  /** Stream of the generator that it was sampled from; counters run from 0 over its tokens. */
  readonly stream: number;
  /** Tokens as sampled, before the filter cut the text. */
  readonly tokens: number;
}

/** The two sides of a kept prompt; one is absent where only the other is sampled. */
export interface AcceptedPair {
  readonly chosen: Accepted | undefined;
  readonly rejected: Accepted | undefined;
}

const orNull = <Result>(values: readonly number[], of: (values: readonly number[]) => Result) =>
  values.length === 0 ? null : of(values);

/** Everything of the result that the kept pairs say. */
export function describePairs(
  pairs: readonly AcceptedPair[],
): Pick<TaskResult<'simulate'>, 'pairs' | 'lengths' | 'duplicates' | 'overlap' | 'meanTries'> {
  const side = (name: Side) => pairs.flatMap((pair) => pair[name] ?? []);
  const sides = { chosen: side('chosen'), rejected: side('rejected') };
  const lengths = (name: Side) =>
    orNull(
      sides[name].map((one) => one.tokens),
      summarise,
    );
  const tries = (name: Side) =>
    orNull(
      sides[name].map((one) => one.tries),
      mean,
    );
  const overlaps = pairs.flatMap(({ chosen, rejected }) =>
    chosen === undefined || rejected === undefined ? [] : [sharedBigrams(chosen.response, rejected.response)],
  );
  return {
    pairs: pairs.length,
    lengths: { chosen: lengths('chosen'), rejected: lengths('rejected') },
    duplicates: duplicates(sides.chosen) + duplicates(sides.rejected),
    overlap: orNull(overlaps, mean),
    meanTries: { chosen: tries('chosen'), rejected: tries('rejected') },
  };
}

/** Responses of a side that equal an earlier one exactly. */
function duplicates(side: readonly Accepted[]): number {
  return side.length - new Set(side.map((one) => one.response)).size;
}

/** Share of the bigrams of either text that occur in both (Jaccard); 0 where there is none. */
function sharedBigrams(first: string, second: string): number {
  const [a, b] = [new Set(ngrams(words(first), 2)), new Set(ngrams(words(second), 2))];
  const shared = [...a].filter((bigram) => b.has(bigram)).length;
  const union = a.size + b.size - shared;
  return union === 0 ? 0 : shared / union;
}
