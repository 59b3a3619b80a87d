/** The contract of tasks: claim a lease, keep it by heartbeats, checkpoint, complete or fail. */
import { z } from 'zod';
import { servingAddress } from './completions.ts';
import { defineEndpoints } from './endpoint.ts';
import { entries, identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sampleTokens } from './sample-tokens.ts';
import { servedModel } from './served-model.ts';
import { sha256 } from './sha256.ts';
import { TASK_KINDS, type TaskKind, type TaskParameters, taskSchemas } from './tasks/kinds.ts';
import { principleForm } from './tasks/settings.ts';
import { TASK_STATUSES } from './words.ts';

/** Entries of what a runner tells in its own words. */
const MAXIMUM_DETAILS = 200;

const artifactReference = z
  .object({
    sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    bytes: z.int().nonnegative().describe('Size in bytes'),
  })
  .meta({ id: 'ArtifactReference', description: 'Stored bytes, by their hash' });

/** The principle's content, as far as the task reads it. */
export const taskPrinciple = z
  .object({
    name: z.string().describe('Name of the principle'),
    version: z.int().positive().describe('Number of the version'),
    form: principleForm.describe('How the prompts become text: `dialogue`, or `prefix` for stories'),
    responseOpening: z.string().describe('Text that every response continues; empty for none'),
    affixPairs: z
      .array(
        z.object({
          positive: z.string().describe('The affix that urges towards the principle'),
          negative: z.string().describe('The affix that urges away from it'),
          scoringInstruction: z
            .string()
            .optional()
            .describe('How a model is asked about two responses; the methods that label pairs need it'),
        }),
      )
      .describe('The pairs of affixes; each pair of responses draws one by the seed'),
  })
  .meta({ id: 'TaskPrinciple', description: "The principle's content, as far as the task reads it" });

export const taskBaseModel = z
  .object({
    name: z.string().describe('Name of the base model'),
    source: z.string().describe('A folder or hub identifier that the runner can open, or `bundled`'),
    weightsSha256: sha256.describe("The model's identity"),
    contextLength: z.int().positive().describe('Tokens that the model can read at once'),
    configuration: z.record(z.string(), z.unknown()).describe('A summary of its architecture'),
    served: servedModel
      .optional()
      .describe('Where it is served; absent for a model that the runner opens itself'),
  })
  .meta({ id: 'TaskBaseModel', description: 'The base model, as far as a runner needs it' });

/** What a lease tells of a task of any kind. */
const claimedFields = z.object({
  id: identifier.describe('Its id'),
  epoch: z.int().positive().describe('The fencing token: every write for this task carries it'),
  leaseSeconds: z.int().positive().describe('How long a lease lasts without a heartbeat'),
  leaseUntil: instant.describe(
    'When the lease ends unless a heartbeat comes before: milliseconds since the epoch, UTC',
  ),
  experimentId: identifier.describe(
    'The experiment and the stage that asked for the task first; others may share it',
  ),
  stage: z.string().describe("The stage's name"),
  shard: z
    .object({
      index: z.int().nonnegative().describe('Which part, from 0'),
      count: z.int().positive().describe('How many parts there are'),
    })
    .describe('Its part of the stage'),
  seed: z.int().describe('Equal seeds give equal results'),
  principle: taskPrinciple.nullable().describe('Null where the kind reads none'),
  baseModel: taskBaseModel,
  prompts: artifactReference
    .nullable()
    .describe('JSON lines of `{id, prompt}`: the split that the task needs; null where it needs none'),
  inputs: z
    .array(artifactReference.extend({ name: z.string().describe('By which the task calls it') }))
    .describe('What it reads, by name'),
  checkpoint: z
    .object({
      sha256: sha256.describe('SHA-256 of the checkpoint'),
      bytes: z.int().nonnegative().describe('Size in bytes'),
      step: z.int().nonnegative().describe('The step that it holds'),
      epoch: z.int().positive().describe('The lease under which it was made'),
    })
    .nullable()
    .describe('Where to go on; null: from the start'),
  engineVersion: z.string().describe('Version of the engine that must do it'),
});

export type ClaimedTask = {
  [Kind in TaskKind]: { kind: Kind; parameters: TaskParameters<Kind> } & z.infer<typeof claimedFields>;
}[TaskKind];

const claimed = (kind: TaskKind) =>
  z.object({
    kind: z.literal(kind).describe('What is to be done'),
    parameters: taskSchemas[kind].parameters.describe('Its complete parameters'),
    ...claimedFields.shape,
  });
const [firstKind, ...otherKinds] = TASK_KINDS;
const claimedTask = z.discriminatedUnion('kind', [claimed(firstKind), ...otherKinds.map(claimed)]).meta({
  id: 'ClaimedTask',
  description: 'A lease: everything that a runner needs for the task',
}) as z.ZodType as z.ZodType<ClaimedTask>;

/** What a runner says of itself with every claim. */
const runnerDescription = z
  .strictObject({
    id: z
      .uuid()
      .describe(
        'Made by the runner once, and kept over its restarts: a runner works on one task at a time, so ' +
          'a new claim under the same id frees what it held before at once. Two processes need two ids',
      ),
    name: text(200).describe('What people call it'),
    engineVersion: text(100).describe('Version of the engine; results of unlike versions are not mixed'),
    device: entries(
      z.string().max(100),
      z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
      MAXIMUM_DETAILS,
    ).describe('Device, memory and versions'),
    launchId: identifier
      .optional()
      .describe('Of the launch that brought it up (RLCD_LAUNCH_ID): the edge then counts it as arrived'),
    serveUrl: servingAddress
      .optional()
      .describe('Where the edge reaches the models that it serves to clients; absent: it serves none'),
  })
  .meta({ id: 'RunnerDescription', description: 'What a runner says of itself with every claim' });

const epoch = z.int().positive();
const lease = z.object({
  leaseUntil: instant.describe(
    'When the lease ends unless a heartbeat comes before: milliseconds since the epoch, UTC',
  ),
  cancel: z
    .boolean()
    .describe(
      'Whether to stop: the experiment was cancelled; answer with `failTask` and the code `cancelled`',
    ),
});

export const taskProgress = z
  .strictObject({
    done: z.number().nonnegative().describe('How much is done'),
    total: z.number().positive().describe('How much there is'),
    unit: text(50).describe('What is counted: `prompts`, `steps`'),
    message: text(500).optional().describe('A word for people'),
  })
  .meta({ id: 'TaskProgress', description: 'How much of a task is done' });

/** Tokens that the engine worked through. */
export const tokenCounts = z
  .object({
    prompt: z.number().describe('Read before a response was sampled'),
    sampled: z.number().describe('Drawn one after the other'),
    scored: z.number().describe('Whole sequences that were scored without learning from them'),
    trained: z.number().describe('Forward and backward, once for each pass over them'),
  })
  .meta({ id: 'TokenCounts', description: 'Tokens that the engine worked through' });

/** Far more than an engine can do between two reports, and far from where sums lose a token. */
const reportedTokens = z.int().min(0).max(1_000_000_000_000);

const metric = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_./=@-]{0,199}$/, 'must be 1 to 200 of letters, digits and _./=@-')
      .describe('Such as `objective/kl`'),
    step: z.int().min(0).max(1_000_000_000).describe('The training step'),
    value: z.number().describe('The value at that step'),
  })
  .meta({ id: 'ReportedMetric', description: 'A value of a metric at a step' });

/** What a model wrote may hold anything; the store keeps no NUL and no lone surrogate. */
const modelText = z
  .string()
  .max(50_000)
  .transform((value) => value.toWellFormed().replaceAll('\0', '\ufffd'));

const sample = z
  .strictObject({
    step: z.int().min(0).max(1_000_000_000).describe('The training step'),
    row: z.int().min(0).max(1_000_000).describe('Counts the samples of a step'),
    promptId: z.string().max(200).describe("The prompt's id: the number of its row in the upload, from 0"),
    prompt: modelText.describe('What was answered: show it as text, never as markup'),
    response: modelText.describe('What the model wrote: show it as text, never as markup'),
    score: z.number().nullable().describe('The score; null where none was given'),
    detail: entries(
      z.string().max(100),
      z.union([z.string().max(1000), z.number(), z.null(), sampleTokens]),
      MAXIMUM_DETAILS,
    )
      .optional()
      .describe('Further figures to show, such as `kl` or `klCoefficient`, and `tokens`'),
  })
  .meta({ id: 'ReportedSample', description: 'A response to show' });

const heartbeat = z
  .strictObject({
    epoch: epoch.describe(
      "The lease's number, as the claim told it; a write with an older one is refused with 409",
    ),
    sequence: z
      .int()
      .positive()
      .describe(
        '1 for the first report after a claim, then rising by one: a repeated report is answered and ' +
          'has no second effect, a report that skips a number is refused with 409',
      ),
    progress: taskProgress.optional().describe('How far the task is; null before its first report'),
    tokens: z
      .strictObject({
        prompt: reportedTokens.describe('Read before a response was sampled'),
        sampled: reportedTokens.describe('Drawn one after the other'),
        scored: reportedTokens.describe('Whole sequences that were scored without learning from them'),
        trained: reportedTokens.describe('Forward and backward, once for each pass over them'),
      })
      .optional()
      .describe('Worked through since the report before'),
    metrics: z.array(metric).max(2000).default([]).describe('Values since the report before'),
    samples: z.array(sample).max(100).default([]).describe('Responses to show, since the report before'),
  })
  .meta({ id: 'Heartbeat', description: 'What a runner reports of its task' });
export type Heartbeat = z.infer<typeof heartbeat>;

const taskId = z.strictObject({ taskId: identifier.describe('The task, by its id') });

/** Said of a task that nobody could take now. */
export const NO_RUNNER_ALIVE = 'waits for a runner; none is alive';

/** The code of a task that is handed back because its machine ends: no fault of the task. */
export const RUNNER_STOPPED = 'runner-stopped';
/** The code of a task whose checkpoint has the right bytes and cannot be read: the edge drops it for the one before. */
export const BAD_CHECKPOINT = 'bad-checkpoint';
/** The code of a task whose engine did nothing for so long that it was ended: what it cannot get through it meets again. */
export const STALLED = 'stalled';

const failureReason = z
  .strictObject({
    code: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,99}$/)
      .describe(
        "In kebab case, for programs; `cancelled` answers a heartbeat's `cancel`, `runner-stopped` hands " +
          'back',
      ),
    message: text(4000).describe('For people: what happened'),
    cure: text(4000).optional().describe('For people: what to do about it'),
  })
  .meta({ id: 'FailureReason', description: 'Why a runner gives a task back' });

const failure = z
  .object({
    epoch: epoch.describe('The lease under which it failed'),
    runnerId: z.string().nullable().describe('The runner that holds or held it; null where none has'),
    code: z.string().describe('A word in kebab case'),
    message: z.string().describe('For people: what happened'),
    cure: z.string().nullable().describe('For people: what to do about it; null where nobody knows'),
    retried: z.boolean().describe('Whether the task was queued again'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
  })
  .meta({ id: 'TaskFailure', description: 'A failure of a task' });

export const taskView = z
  .object({
    id: identifier.describe('Its id'),
    key: sha256.describe('SHA-256 of everything that the task reads and how: equal work has an equal key'),
    kind: z.enum(TASK_KINDS).describe('Its kind'),
    status: z
      .enum(TASK_STATUSES)
      .describe('Where it stands: `queued` may be claimed, `leased` is held by a runner, the rest are final'),
    waitsFor: z.string().nullable().describe('Why it waits, for people; null where it does not'),
    experimentId: identifier.describe('The experiment, by its id'),
    stage: z.string().describe("The stage's name"),
    shard: z
      .object({
        index: z.int().describe('Which part, from 0'),
        count: z.int().describe('How many parts there are'),
      })
      .describe('Its part of the stage'),
    attempts: z.int().describe('Claims so far'),
    runnerSeconds: z.number().describe('Time under lease, over all attempts'),
    gpuSeconds: z.number().describe('The part of it on runners with a GPU'),
    /** As its runners reported; what was repeated after a failure counts again. */
    tokens: tokenCounts,
    epoch: z
      .int()
      .describe("The lease's number, as the claim told it; a write with an older one is refused with 409"),
    runnerId: z.string().nullable().describe('The runner that holds or held it; null where none has'),
    leaseUntil: instant
      .nullable()
      .describe('When the lease ends unless a heartbeat comes before: milliseconds since the epoch, UTC'),
    progress: taskProgress.nullable().describe('How far the task is; null before its first report'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    startedAt: instant
      .nullable()
      .describe('When its first task was claimed, milliseconds since the epoch; null before'),
    finishedAt: instant.nullable().describe('When it ended, milliseconds since the epoch; null before'),
  })
  .meta({ id: 'Task', description: 'A leased unit of work of a stage' });

export type TaskView = z.infer<typeof taskView>;
const taskDetail = taskView
  .extend({
    parameters: z.record(z.string(), z.unknown()).describe('Its complete parameters'),
    seed: z.int().describe('Equal seeds give equal results'),
    inputs: z
      .array(artifactReference.extend({ name: z.string().describe('By which the task calls it') }))
      .describe('What it reads, by name'),
    outputs: z
      .array(
        z.object({
          name: z.string().describe('By which the task calls it'),
          sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
          bytes: z.int().describe('Size in bytes'),
          mediaType: z.string().describe('Media type, such as `application/jsonl`'),
        }),
      )
      .describe('What it made, by name'),
    prompts: artifactReference.nullable().describe('The prompts that it reads; null where it reads none'),
    result: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('What it found, in the form of its kind; null before it succeeded'),
    failures: z.array(failure).describe('Every failure, the first one first'),
  })
  .meta({
    id: 'TaskDetail',
    description: 'A task with its parameters, inputs, outputs, result and failures',
  });

export const taskEndpoints = defineEndpoints({
  claimTask: {
    method: 'post',
    unrecorded: 'by the lease itself',
    path: '/v1/tasks/claim',
    tag: 'tasks',
    summary: 'Take the lease of the first waiting task; the first claim of a runner registers it',
    scopes: ['runner'],
    body: z.strictObject({
      claimId: z
        .uuid()
        .describe(
          'One for each claim: a repeated request finds the same lease again. Of version 7, which tells its time, a copy of ' +
            'an older claim that comes late takes no task away',
        ),
      runner: runnerDescription,
      kinds: z
        .array(z.enum(TASK_KINDS))
        .min(1)
        .max(TASK_KINDS.length)
        .optional()
        .describe('Only these kinds; all where it is left out'),
    }),
    status: 200,
    /** `task` is null where nothing waits: ask again after the seconds told. */
    response: z.object({
      task: claimedTask
        .nullable()
        .describe('The lease; null where nothing waits: ask again after the seconds told'),
      retryAfterSeconds: z.number().describe('When to ask again where nothing waits'),
    }),
  },
  reportTask: {
    method: 'post',
    unrecorded: 'lease traffic',
    path: '/v1/tasks/{taskId}/heartbeat',
    tag: 'tasks',
    summary: 'Keep the lease, and report progress, metrics and samples once',
    scopes: ['runner'],
    parameters: taskId,
    body: heartbeat,
    refuses: ['lease-lost', 'report-out-of-order'],
    status: 200,
    response: lease.extend({
      applied: z.boolean().describe('False where this sequence number was applied before'),
    }),
  },
  checkpointTask: {
    method: 'post',
    unrecorded: 'lease traffic',
    path: '/v1/tasks/{taskId}/checkpoint',
    tag: 'tasks',
    summary: 'Make an artifact, already put, the place where the task resumes',
    scopes: ['runner'],
    parameters: taskId,
    body: z.strictObject({
      epoch: epoch.describe(
        "The lease's number, as the claim told it; a write with an older one is refused with 409",
      ),
      sha256: sha256.describe('SHA-256 of the checkpoint, an artifact'),
      step: z.int().nonnegative().describe('The step that it holds'),
    }),
    refuses: ['conflict', 'lease-lost'],
    status: 200,
    response: lease,
  },
  completeTask: {
    method: 'post',
    unrecorded: 'by the lease itself',
    path: '/v1/tasks/{taskId}/complete',
    tag: 'tasks',
    summary: 'End a task with its outputs, already put, and its result',
    scopes: ['runner'],
    parameters: taskId,
    body: z.strictObject({
      epoch: epoch.describe(
        "The lease's number, as the claim told it; a write with an older one is refused with 409",
      ),
      outputs: z
        .array(
          z.strictObject({
            name: z
              .string()
              .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
              .describe('By which the kind calls it'),
            sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
          }),
        )
        .max(500)
        .refine((outputs) => new Set(outputs.map(({ name }) => name)).size === outputs.length, {
          error: 'must not repeat a name',
        })
        .describe('What it made, by name'),
      result: entries(z.string(), z.unknown(), MAXIMUM_DETAILS).describe(
        'In the form of the kind (shared/api/tasks)',
      ),
    }),
    refuses: ['artifact-damaged', 'conflict', 'lease-lost'],
    status: 200,
    response: taskView,
  },
  failTask: {
    method: 'post',
    unrecorded: 'by the lease itself',
    path: '/v1/tasks/{taskId}/fail',
    tag: 'tasks',
    summary: 'Give a task back: to be tried again, or to fail for good',
    scopes: ['runner'],
    parameters: taskId,
    body: z.strictObject({
      epoch: epoch.describe(
        "The lease's number, as the claim told it; a write with an older one is refused with 409",
      ),
      reason: failureReason,
      retryable: z.boolean().describe('Whether trying again may help'),
    }),
    refuses: ['lease-lost'],
    status: 200,
    response: taskView,
  },
  listTasks: {
    method: 'get',
    path: '/v1/tasks',
    tag: 'tasks',
    summary: 'List tasks, the newest first, with the reason why each waits',
    scopes: ['admin', 'client'],
    query: pageQuery({
      status: z.enum(TASK_STATUSES).optional().describe('Only those with this status'),
      kind: z.enum(TASK_KINDS).optional().describe('Only those of this kind'),
    }),
    status: 200,
    response: page(taskView),
  },
  getTask: {
    method: 'get',
    path: '/v1/tasks/{taskId}',
    tag: 'tasks',
    summary: 'Get a task with its parameters, inputs, outputs, result and every failure',
    scopes: ['admin', 'client'],
    parameters: taskId,
    refuses: ['not-found'],
    status: 200,
    response: taskDetail,
  },
});
