/** The examine task: what each judge is worth, by the rows of the test split that people judged. */
import { examineJudges } from '../algorithms/judge/examine-judges.ts';
import type { PairJudge } from '../algorithms/judge/pair-judge.ts';
import { encodePrompt } from '../algorithms/prompt-tokens.ts';
import { usablePrompts } from '../algorithms/usable-prompts.ts';
import { openJudge } from './judges/open-judge.ts';
import { humanRows } from './prompts.ts';
import type { TaskRun } from './task-context.ts';

export const runExamine: TaskRun<'examine'> = async (context) => {
  const { task, model, hooks, resume } = context;
  const { judges: asked, pairLimit } = task.parameters;
  const { tokenizer, architecture } = model;
  const rows = await humanRows(context);
  const { usable, leftOut } = usablePrompts(rows, (row) => {
    encodePrompt(tokenizer, row.prompt, { name: row.id, maximumTokens: architecture.maximumPositions - 1 });
    return row;
  });
  const judges: PairJudge[] = [];
  try {
    // What people judged are whole responses, whatever opening those of the principle have.
    for (const judge of asked) judges.push(await openJudge(context, judge, ''));
    const lengthOf = (response: string) => tokenizer.encode(response).length;
    const exams = await examineJudges(
      usable,
      judges,
      { pairLimit, seed: task.seed, lengthOf },
      hooks,
      resume,
    );
    return { outputs: [], result: { pairs: rows.length, ...(leftOut && { leftOut }), exams } };
  } finally {
    for (const judge of judges) await judge.close();
  }
};
