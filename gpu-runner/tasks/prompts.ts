/** The prompts of a task's split, as JSON lines of {id, prompt, turns}, and what people said of them. */
import { z } from 'zod';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { judgedPromptText, promptText } from '../../shared/dialogue/turn-text.ts';
import type { HumanRow } from '../algorithms/preference-model/mix-human-pairs.ts';
import type { Prompt } from '../algorithms/prompt.ts';
import { decodeLines } from './json-lines.ts';
import { TaskInputError, type TaskContext } from './task-context.ts';

const turn = z.object({ role: z.enum(['system', 'user', 'assistant']), text: z.string() });
const promptLine = z.object({
  id: z.string().min(1),
  prompt: z.string().min(1),
  /** Where the text would be read as other turns. */
  turns: z.array(turn).min(1).optional(),
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
  const form = formOf(task);
  return lines
    .slice(0, limit ?? lines.length)
    .map((line) => ({ id: line.id, text: promptText(form, promptOf(line)) }));
}

/** The rows of the split that people labelled. @throws TaskInputError if the task names no split */
export async function humanRows<Kind extends TaskKind>(
  context: Pick<TaskContext<Kind>, 'task' | 'artifacts'>,
): Promise<HumanRow[]> {
  const form = formOf(context.task);
  return (await promptLines(context)).flatMap((line) => {
    const { id, chosen, rejected } = line;
    if (chosen === undefined || rejected === undefined) return [];
    return [{ id, prompt: judgedPromptText(form, promptOf(line)), chosen, rejected }];
  });
}

function formOf({ parameters }: Pick<ClaimedTask, 'parameters'>) {
  return 'promptForm' in parameters ? parameters.promptForm : undefined;
}

const promptOf = ({ prompt, turns }: z.output<typeof promptLine>) => ({ text: prompt, turns: turns ?? null });

async function promptLines<Kind extends TaskKind>({
  task,
  artifacts,
}: Pick<TaskContext<Kind>, 'task' | 'artifacts'>) {
  if (task.prompts === null) throw new TaskInputError(`task ${task.id} (${task.kind}) names no prompts`);
  return decodeLines(await artifacts.get(task.prompts.sha256), promptLine, 'prompts');
}
