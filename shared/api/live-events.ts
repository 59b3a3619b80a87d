/** What is told of an experiment while it runs: one form for every kind of event, told apart by `event`. */
import { z } from 'zod';
import { instant } from './fields.ts';
import { sha256 } from './sha256.ts';
import { taskProgress } from './tasks.ts';
import { TASK_KINDS } from './tasks/kinds.ts';
import { METHODS } from './words.ts';

/** `task-claimed` -> `TaskClaimedEvent`. */
const schemaName = (event: string) =>
  `${event.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Event`;

function form<const Event extends string, Task extends z.ZodType, Fields extends z.ZodRawShape>(
  event: Event,
  taskId: Task,
  description: string,
  fields: Fields,
) {
  return z
    .object({
      event: z.literal(event).describe('What happened; the same as the event of the message'),
      experimentId: z.string().describe('The experiment that it happened to'),
      taskId,
      createdAt: instant.describe('When it happened: milliseconds since the epoch, UTC'),
      ...fields,
    })
    .meta({ id: schemaName(event), description });
}

const noTask = z.null().describe('Null: it is about no task');
const ofTask = z.string().describe('The task that it happened to');

const stage = z.string().describe("The stage's name");
const reason = z.string().nullable().describe('Why it failed; null where it did not');
const lease = {
  stage: z.string().describe('The stage that asked for the task first'),
  kind: z.enum(TASK_KINDS).describe('What is done'),
  epoch: z.int().positive().describe("The lease's number, from 1"),
};
const checkpoint = { sha256: sha256.describe('SHA-256 of the checkpoint') };

/** What happens to experiments: the JSON documents that are the data of messages. */
export const LIVE_EVENTS = [
  form('experiment-created', noTask, 'An experiment was made', {
    name: z.string().describe('What people call it'),
    method: z.enum(METHODS).describe('Its method'),
  }),
  form('stage-started', noTask, 'A stage has its tasks', {
    stage,
    tasks: z.int().nonnegative().describe('How many it has'),
    reused: z
      .int()
      .nonnegative()
      .describe('Of these, how many had been done before: equal work is done once'),
  }),
  form('stage-succeeded', noTask, 'All tasks of a stage are done', { stage }),
  form('stage-failed', noTask, 'A task of a stage failed for good', {
    stage,
    reason: z.string().describe('Why'),
  }),
  form('experiment-succeeded', noTask, 'All stages of an experiment are done', { reason }),
  form('experiment-failed', noTask, 'A stage of an experiment failed', { reason }),
  form('experiment-cancelled', noTask, 'An experiment was cancelled', { reason }),
  form('task-claimed', ofTask, 'A runner has a lease of a task', {
    ...lease,
    runnerId: z.string().describe('The runner'),
  }),
  form(
    'task-lease-ended',
    ofTask,
    'A lease ended though the task had not: it is queued again, or has failed',
    {
      ...lease,
      code: z.string().describe('Why, for programs, such as `lease-expired`'),
    },
  ),
  form('task-reported', ofTask, 'A runner told how far a task is; these events are kept for seven days', {
    progress: taskProgress.nullable().describe('How far it is; null where that was not told'),
    metrics: z
      .record(
        z.string(),
        z.object({
          step: z.int().nonnegative().describe('The training step'),
          value: z.number().describe('The value at that step'),
        }),
      )
      .describe('The newest value of each metric that was told, by its name'),
    samples: z.int().nonnegative().describe('How many responses came with it'),
  }),
  form('task-checkpointed', ofTask, 'A task can go on from a step', {
    step: z.int().nonnegative().describe('The step that it holds'),
    ...checkpoint,
  }),
  form(
    'task-checkpoint-dropped',
    ofTask,
    'A task goes on from the checkpoint before, or from its beginning',
    {
      step: z.int().nonnegative().nullable().describe('The step that it held'),
      ...checkpoint,
      reason: z.string().describe('Why'),
    },
  ),
  form('task-succeeded', ofTask, 'A task is done', {
    outputs: z
      .array(
        z.object({
          name: z.string().describe('By which later stages call it'),
          sha256: sha256.describe('SHA-256 of the bytes'),
        }),
      )
      .describe('What it made'),
  }),
  form('task-failed', ofTask, 'A runner gave a task back', {
    code: z.string().describe('Why, for programs: a word in kebab case'),
    message: z.string().describe('For people: what happened'),
    cure: z.string().optional().describe('For people: what to do about it'),
    retried: z.boolean().describe('Whether the task is queued again'),
  }),
] as const;

/** One message of the stream, as every reader of server-sent events gives it. */
export const liveEventMessage = z
  .object({
    id: z.string().optional().describe('Its number in the log: what `Last-Event-ID` and `after` take'),
    event: z.enum(LIVE_EVENTS.map(({ shape }) => shape.event.value)).describe('What happened'),
    data: z
      .string()
      .meta({
        contentMediaType: 'application/json',
        contentSchema: { $ref: '#/components/schemas/LiveEvent' },
      })
      .describe('A `LiveEvent` as JSON'),
    retry: z.int().optional().describe('After how many milliseconds to connect again'),
  })
  .meta({ id: 'LiveEventMessage', description: 'A server-sent event' });
