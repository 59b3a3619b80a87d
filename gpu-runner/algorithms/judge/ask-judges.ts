/** Asks judges about pairs of responses, batch by batch, so that no answer that was paid for is asked for again. */
import { z } from 'zod';
import type { JudgedPair, PairJudge, PairVerdict } from './pair-judge.ts';

const share = z.number().min(0).max(1);

const verdict = z.strictObject({
  share,
  firstScore: z.number().nullable(),
  secondScore: z.number().nullable(),
  byOrder: z.strictObject({ shownFirst: share, shownSecond: share }).nullable(),
  unparsable: z.int().nonnegative(),
  usage: z
    .strictObject({
      calls: z.int().nonnegative(),
      retries: z.int().nonnegative(),
      tokens: z.strictObject({ input: z.int().nonnegative(), output: z.int().nonnegative() }).nullable(),
    })
    .nullable(),
});

/** What judges have said so far, as a checkpoint keeps it: by judge, in the order of the pairs. */
export const verdictsByJudge = z.array(z.array(verdict));

interface AskHooks {
  readonly signal: AbortSignal;
  /** After every batch: comparisons done, of all judges together. */
  readonly told: (done: number, total: number) => void;
  /** After every batch; resolves when the verdicts are safe. */
  readonly save: () => Promise<void>;
}

/**
 * Has each judge in turn compare every pair.
 *
 * @param verdicts by judge, from an earlier checkpoint or empty; what is said is appended to it
 * @throws the signal's reason, and what a judge throws
 */
export async function askJudges(
  judges: readonly PairJudge[],
  pairs: readonly JudgedPair[],
  verdicts: PairVerdict[][],
  { signal, told, save }: AskHooks,
): Promise<void> {
  for (const [index, judge] of judges.entries()) {
    const own = (verdicts[index] ??= []);
    while (own.length < pairs.length) {
      signal.throwIfAborted();
      own.push(...(await judge.judge(pairs.slice(own.length, own.length + judge.batchSize), signal)));
      told(index * pairs.length + own.length, judges.length * pairs.length);
      await save();
    }
  }
}
