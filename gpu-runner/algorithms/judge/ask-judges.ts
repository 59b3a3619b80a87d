/** Pairs before several judges, one judge after the other, batch by batch, so that no answer that was paid for is asked for again. */
import { z } from 'zod';
import { encodeProgress, startOf, type Work } from '../checkpoint.ts';
import type { RunHooks } from '../run-hooks.ts';
import type { JudgedPair, PairJudge, PairVerdict } from './pair-judge.ts';

const share = z.number().min(0).max(1);

const verdict = z.strictObject({
  share,
  firstScore: z.number().nullable(),
  secondScore: z.number().nullable(),
  /** Checkpoints of before there were any say none. */
  probability: share.nullable().default(null),
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

const stateSchema = z.strictObject({ verdicts: verdictsByJudge });

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

/**
 * {@link askJudges} where that is all there is to do: each batch is a step.
 *
 * @param work what the pairs and judges are, of which a checkpoint must be
 * @param resume bytes of an earlier checkpoint of the same work, or null
 * @returns verdicts by judge, then by pair
 */
export async function judgePairs(
  work: Work,
  pairs: readonly JudgedPair[],
  judges: readonly PairJudge[],
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<readonly (readonly PairVerdict[])[]> {
  const start = await startOf(work, resume, stateSchema, { verdicts: [] });
  const { verdicts } = start.state;
  let { step } = start;
  await askJudges(judges, pairs, verdicts, {
    signal: hooks.signal,
    told: (done, total) => hooks.progress(done, total, work.unit),
    save: async () => {
      step += 1;
      await hooks.checkpoint(step, await encodeProgress(work, step, { verdicts }));
    },
  });
  return verdicts;
}
