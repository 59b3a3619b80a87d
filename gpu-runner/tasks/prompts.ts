/** The prompts of a task's split, as JSON lines of {id, prompt}. */
import { z } from 'zod';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { Prompt } from '../algorithms/prompt.ts';
import { decodeLines } from './json-lines.ts';
import { TaskInputError, type TaskContext } from './task-context.ts';

const promptLine = z.object({ id: z.string().min(1), prompt: z.string().min(1) });

/**
 * The first `limit` prompts of the split (all of them for null).
 *
 * @throws TaskInputError if the task names no split or the split is empty
 */
export async function taskPrompts<Kind extends TaskKind>(
  { task, artifacts }: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
  limit: number | null,
): Promise<Prompt[]> {
  if (task.prompts === null) throw new TaskInputError(`task ${task.id} (${task.kind}) names no prompts`);
  const lines = decodeLines(await artifacts.get(task.prompts.sha256), promptLine, 'prompts');
  if (lines.length === 0)
    throw new TaskInputError('the split has no prompt: choose a prompt set that has some');
  return lines.slice(0, limit ?? lines.length).map(({ id, prompt }) => ({ id, text: prompt }));
}
