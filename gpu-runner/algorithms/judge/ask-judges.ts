/** Pairs before several judges, one judge after the other, saved after every batch. */
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
const stateSchema = z.strictObject({ verdicts: z.array(z.array(verdict)) });

/**
 * After every batch of a judge its verdicts are saved, so that an answer that was paid for is not asked for again.
 *
 * @param work what the pairs and judges are, of which a checkpoint must be
 * @param resume bytes of an earlier checkpoint of the same work, or null
 * @returns verdicts by judge, then by pair
 */
export async function askJudges(
  work: Work,
  pairs: readonly JudgedPair[],
  judges: readonly PairJudge[],
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<readonly (readonly PairVerdict[])[]> {
  const start = await startOf(work, resume, stateSchema, { verdicts: [] });
  const { verdicts } = start.state;
  let { step } = start;
  for (const [index, judge] of judges.entries()) {
    const own = (verdicts[index] ??= []);
    while (own.length < pairs.length) {
      hooks.signal.throwIfAborted();
      own.push(...(await judge.judge(pairs.slice(own.length, own.length + judge.batchSize), hooks.signal)));
      hooks.progress(index * pairs.length + own.length, judges.length * pairs.length, work.unit);
      step += 1;
      await hooks.checkpoint(step, await encodeProgress(work, step, { verdicts }));
    }
  }
  return verdicts;
}
