/** Judging two systems on the same prompts: every comparison, and a win rate that shows what stands behind it. */
import type { z } from 'zod';
import type { comparisonLine, judgement } from '../../../shared/api/tasks/judge.ts';
import { mean } from '../../../shared/statistics/summary.ts';
import { winRate } from '../../../shared/statistics/win-rate.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { workOf } from '../checkpoint.ts';
import type { Completion } from '../completion.ts';
import { describeCompletions } from '../describe-completions.ts';
import { englishWordShare } from '../english-words.ts';
import type { RunHooks } from '../run-hooks.ts';
import { judgePairs } from './ask-judges.ts';
import type { PairJudge, PairVerdict } from './pair-judge.ts';
import { conductOf, lengthControlled, unparsableOf } from './verdict-figures.ts';

type Judgement = z.infer<typeof judgement>;
type Comparison = z.infer<typeof comparisonLine>;
type Pair = readonly [Completion, Completion];

/**
 * Judges the first system's completions against the second's, prompt by prompt, by each judge in turn. After every
 * batch of a judge its verdicts are saved, so that an answer that was paid for is not asked for again.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError if the systems do not answer the same prompts, or there is none
 */
export async function judgeSystems(
  first: readonly Completion[],
  second: readonly Completion[],
  judges: readonly PairJudge[],
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<{ readonly comparisons: Comparison[]; readonly judgements: Judgement[] }> {
  const pairs = pairUp(first, second);
  const items = pairs.map(([one, other]) => [one.prompt, one.completion, other.completion]);
  const work = workOf('judge', 'comparisons', items, {
    judges: judges.map(({ name }) => name),
    orders: judges.map(({ orders }) => orders),
  });
  const asked = pairs.map(([one, other]) => ({
    promptId: one.promptId,
    prompt: one.prompt,
    first: one.completion,
    second: other.completion,
    ended: { first: one.ended, second: other.ended },
  }));
  const verdicts = await judgePairs(work, asked, judges, hooks, resume);
  return {
    comparisons: judges.flatMap(({ name }, index) =>
      pairs.map((pair, row) => comparisonOf(name, pair, verdicts[index]?.[row])),
    ),
    judgements: await Promise.all(
      judges.map(async (judge, index) => await summarise(judge, pairs, verdicts[index] ?? [])),
    ),
  };
}

/** The completions of both systems by prompt. */
function pairUp(first: readonly Completion[], second: readonly Completion[]): Pair[] {
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
  return pairs;
}

function comparisonOf(judge: string, [one, other]: Pair, found: PairVerdict | undefined): Comparison {
  if (found === undefined) throw new AlgorithmInputError(`${judge} left out prompt ${one.promptId}`);
  return {
    judge,
    promptId: one.promptId,
    prompt: one.prompt,
    first: one.completion,
    second: other.completion,
    firstScore: found.firstScore,
    secondScore: found.secondScore,
    share: found.share,
  };
}

async function summarise(
  judge: PairJudge,
  pairs: readonly Pair[],
  verdicts: readonly PairVerdict[],
): Promise<Judgement> {
  const shares = verdicts.map((one) => one.share);
  const won = winRate(shares);
  const [first, second] = await Promise.all([
    describe(
      pairs.map(([one]) => one),
      verdicts.flatMap(({ firstScore }) => firstScore ?? []),
    ),
    describe(
      pairs.map(([, other]) => other),
      verdicts.flatMap(({ secondScore }) => secondScore ?? []),
    ),
  ]);
  return {
    judge: judge.name,
    orders: judge.orders,
    n: won.n,
    winRate: won.rate,
    interval: won.interval,
    wins: won.wins,
    losses: won.losses,
    ties: won.ties,
    unparsable: unparsableOf(verdicts),
    ...conductOf(judge, verdicts),
    lengthControlled: lengthControlled(
      shares,
      pairs.map(([one, other]) => one.tokens - other.tokens),
    ),
    first,
    second,
    ratios: {
      length: first.tokens.mean / second.tokens.mean,
      distinct2: first.distinct2 / second.distinct2,
      perplexity: first.perplexityUnderBase / second.perplexityUnderBase,
    },
  };
}

async function describe(
  completions: readonly Completion[],
  scores: readonly number[],
): Promise<Judgement['first']> {
  const meanScore = scores.length === completions.length ? mean(scores) : null;
  const englishWords = await englishWordShare(
    completions.map(({ completion, ended }) => ({ text: completion, ended })),
  );
  return { ...describeCompletions(completions), englishWords, meanScore };
}
