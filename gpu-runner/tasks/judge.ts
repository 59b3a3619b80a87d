/** The judge task: the aligned model's completions against the base's, by each judge that is asked for. */
import { completionLine } from '../../shared/api/tasks/generate.ts';
import { judgeSystems } from '../algorithms/judge/judge-systems.ts';
import type { PairJudge } from '../algorithms/judge/pair-judge.ts';
import { decodeLines, encodeLines, JSON_LINES } from './json-lines.ts';
import { openJudge } from './judges/open-judge.ts';
import { inputShards, type TaskContext, type TaskRun } from './task-context.ts';

export const runJudge: TaskRun<'judge'> = async (context) => {
  const aligned = await completions(context, 'completions-');
  const base = await completions(context, 'base-completions-');
  const judges: PairJudge[] = [];
  try {
    const { judges: asked, responseOpening } = context.task.parameters;
    for (const judge of asked) judges.push(await openJudge(context, judge, responseOpening));
    const { comparisons, judgements } = await judgeSystems(
      aligned,
      base,
      judges,
      context.hooks,
      context.resume,
    );
    const sha256 = await context.artifacts.put({
      kind: 'comparisons',
      mediaType: JSON_LINES,
      bytes: encodeLines(comparisons),
    });
    return { outputs: [{ name: 'comparisons', sha256 }], result: { judgements } };
  } finally {
    for (const judge of judges) await judge.close();
  }
};

async function completions(context: TaskContext<'judge'>, prefix: string) {
  const shards = await inputShards(context, prefix);
  return shards.flatMap((bytes, shard) => decodeLines(bytes, completionLine, `${prefix}${shard}`));
}
