/** An exam of judges: pairs that people judged, which side is shown first drawn by the seed, before each of them. */
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { permutation, uniform } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { workOf } from '../checkpoint.ts';
import type { HumanRow } from '../preference-model/mix-human-pairs.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { judgePairs } from './ask-judges.ts';
import { examOf } from './exam-of.ts';
import type { JudgedPair, PairJudge } from './pair-judge.ts';

interface ExamSettings {
  /** Pairs that are judged at most; drawn where there are more. */
  readonly pairLimit: number;
  readonly seed: number;
  /** Tokens of a response. */
  readonly lengthOf: (response: string) => number;
}

/**
 * Has each judge in turn compare what people preferred with what they did not. After every batch of a judge its verdicts are
 * saved. Equal rows, settings and verdicts give equal exams.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError if there is no pair
 */
export async function examineJudges(
  rows: readonly HumanRow[],
  judges: readonly PairJudge[],
  { pairLimit, seed, lengthOf }: ExamSettings,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<TaskResult<'examine'>['exams']> {
  if (rows.length === 0) {
    throw new AlgorithmInputError(
      'the test split has no pair that people judged: upload rows of {chosen, rejected} with their prompts there',
    );
  }
  const drawn = permutation(rows.length, seed, streamOf('exam-pairs', 0)).subarray(0, pairLimit);
  const taken = Array.from(drawn)
    .sort((a, b) => a - b)
    .flatMap((index) => {
      const row = rows[index];
      const chosenFirst = uniform(seed, streamOf('exam-order', 0), index) < 0.5;
      return row === undefined ? [] : [{ row, chosenFirst }];
    });
  const asked = taken.map(({ row, chosenFirst }) => pairOf(row, chosenFirst));
  const items = asked.map(({ promptId, prompt, first, second }) => [promptId, prompt, first, second]);
  const work = workOf('examine', 'pairs', items, {
    judges: judges.map(({ name }) => name),
    orders: judges.map(({ orders }) => orders),
  });
  const verdicts = await judgePairs(work, asked, judges, hooks, resume);
  const pairs = taken.map(({ row: { prompt, chosen, rejected }, chosenFirst }) => ({
    prompt,
    chosenFirst,
    lengthGap: lengthOf(chosen) - lengthOf(rejected),
  }));
  return judges.map((judge, index) => examOf(judge, pairs, verdicts[index] ?? [], seed));
}

/** People read whole responses: neither ran to a limit. */
function pairOf({ id, prompt, chosen, rejected }: HumanRow, chosenFirst: boolean): JudgedPair {
  const [first, second] = chosenFirst ? [chosen, rejected] : [rejected, chosen];
  return { promptId: id, prompt, first, second, ended: { first: true, second: true } };
}
