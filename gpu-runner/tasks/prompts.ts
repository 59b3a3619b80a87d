/** The prompts of a task's split, as JSON lines of {id, prompt}, and what people said of them. */
import { z } from 'zod';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { HumanRow } from '../algorithms/preference-model/mix-human-pairs.ts';
import type { Prompt } from '../algorithms/prompt.ts';
import { decodeLines } from './json-lines.ts';
import { TaskInputError, type TaskContext } from './task-context.ts';

const promptLine = z.object({
  id: z.string().min(1),
  prompt: z.string().min(1),
  chosen: z.string().optional(),
  rejected: z.string().optional(),
});

/**
 * The first `limit` prompts of the split (all of them for null).
 *
 * @throws TaskInputError if the task names no split or the split is empty
 */
export async function taskPrompts<Kind extends TaskKind>(
  { task, artifacts }: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
  limit: number | null,
): Promise<Prompt[]> {
  const lines = await promptLines({ task, artifacts });
  if (lines.length === 0)
    throw new TaskInputError('the split has no prompt: choose a prompt set that has some');
  return lines.slice(0, limit ?? lines.length).map(({ id, prompt }) => ({ id, text: prompt }));
}

/** The rows of the split that people labelled. @throws TaskInputError if the task names no split */
export async function humanRows<Kind extends TaskKind>(
  context: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
): Promise<HumanRow[]> {
  return (await promptLines(context)).flatMap(({ id, prompt, chosen, rejected }) =>
    chosen === undefined || rejected === undefined ? [] : [{ id, prompt, chosen, rejected }],
  );
}

async function promptLines<Kind extends TaskKind>({
  task,
  artifacts,
}: Pick<TaskContext<Kind>, 'task' | 'artifacts'>) {
  if (task.prompts === null) throw new TaskInputError(`task ${task.id} (${task.kind}) names no prompts`);
  return decodeLines(await artifacts.get(task.prompts.sha256), promptLine, 'prompts');
}
