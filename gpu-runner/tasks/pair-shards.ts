/** The preference pairs of all shards of a task's inputs, in order. */
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { PreferencePairLine } from '../algorithms/preference-model/preference-examples.ts';
import { decodeLines } from './json-lines.ts';
import { inputShards, type TaskContext } from './task-context.ts';

/** @throws TaskInputError if there is no input `pairs-...` or a line of one is wrong */
export async function pairShards<Kind extends TaskKind>(
  context: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
): Promise<PreferencePairLine[]> {
  const shards = await inputShards(context, 'pairs-');
  return shards.flatMap((bytes, shard) => decodeLines(bytes, preferencePairLine, `pairs of shard ${shard}`));
}
