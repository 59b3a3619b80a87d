/** The judge task: the aligned model's completions against the base's. */
import { completionLine } from '../../shared/api/tasks/generate.ts';
import { judgeSentiment } from '../algorithms/judge.ts';
import { decodeLines, encodeLines, JSON_LINES } from './json-lines.ts';
import { inputShards, type TaskContext, type TaskRun } from './task-context.ts';

export const runJudge: TaskRun<'judge'> = async (context) => {
  const aligned = await completions(context, 'completions-');
  const base = await completions(context, 'base-completions-');
  const judged = context.task.parameters.judges.map(() => judgeSentiment(aligned, base));
  const comparisons = encodeLines(judged.flatMap((one) => one.comparisons));
  context.hooks.progress(judged.length, judged.length, 'judges');
  const sha256 = await context.artifacts.put({
    kind: 'comparisons',
    mediaType: JSON_LINES,
    bytes: comparisons,
  });
  return {
    outputs: [{ name: 'comparisons', sha256 }],
    result: { judgements: judged.map(({ judgement }) => judgement) },
  };
};

async function completions(context: TaskContext<'judge'>, prefix: string) {
  const shards = await inputShards(context, prefix);
  return shards.flatMap((bytes, shard) => decodeLines(bytes, completionLine, `${prefix}${shard}`));
}
