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

const artifactReference = z.object({ sha256, bytes: z.int().nonnegative() });

/** The principle's content, as far as the task reads it. */
export const taskPrinciple = z.object({
  name: z.string(),
  version: z.int().positive(),
  form: principleForm,
  responseOpening: z.string(),
  affixPairs: z.array(
    z.object({ positive: z.string(), negative: z.string(), scoringInstruction: z.string().optional() }),
  ),
});

export const taskBaseModel = z.object({
  name: z.string(),
  /** A folder or hub identifier that the runner can open, or `bundled`. */
  source: z.string(),
  weightsSha256: sha256,
  contextLength: z.int().positive(),
  configuration: z.record(z.string(), z.unknown()),
  /** Where it is served; absent for a model that the runner opens itself. */
  served: servedModel.optional(),
});

/** What a lease tells of a task of any kind. */
const claimedFields = z.object({
  id: identifier,
  /** The fencing token: every write for this task carries it. */
  epoch: z.int().positive(),
  leaseSeconds: z.int().positive(),
  leaseUntil: instant,
  /** The experiment and the stage that asked for the task first; others may share it. */
  experimentId: identifier,
  stage: z.string(),
  shard: z.object({ index: z.int().nonnegative(), count: z.int().positive() }),
  seed: z.int(),
  /** Null where the kind reads none. */
  principle: taskPrinciple.nullable(),
  baseModel: taskBaseModel,
  /** JSON lines of `{id, prompt}`: the split that the task needs; null where it needs none. */
  prompts: artifactReference.nullable(),
  inputs: z.array(artifactReference.extend({ name: z.string() })),
  /** Where to go on; null: from the start. */
  checkpoint: z
    .object({
      sha256,
      bytes: z.int().nonnegative(),
      step: z.int().nonnegative(),
      epoch: z.int().positive(),
    })
    .nullable(),
  engineVersion: z.string(),
});

export type ClaimedTask = {
  [Kind in TaskKind]: { kind: Kind; parameters: TaskParameters<Kind> } & z.infer<typeof claimedFields>;
}[TaskKind];

const claimed = (kind: TaskKind) =>
  z.object({ kind: z.literal(kind), parameters: taskSchemas[kind].parameters, ...claimedFields.shape });
const [firstKind, ...otherKinds] = TASK_KINDS;
const claimedTask = z
  .discriminatedUnion('kind', [claimed(firstKind), ...otherKinds.map(claimed)])
  .meta({ id: 'ClaimedTask' }) as z.ZodType as z.ZodType<ClaimedTask>;

/** What a runner says of itself with every claim. */
const runnerDescription = z.strictObject({
  /**
   * Made by the runner once, and kept over its restarts: a runner works on one task at a time, so a new claim
   * under the same id frees what it held before at once. Two processes need two ids.
   */
  id: z.uuid(),
  name: text(200),
  engineVersion: text(100),
  /** Device, memory and versions. */
  device: entries(
    z.string().max(100),
    z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
    MAXIMUM_DETAILS,
  ),
  /** Of the launch that brought it up (RLCD_LAUNCH_ID): the edge then counts it as arrived. */
  launchId: identifier.optional(),
  /** Where the edge reaches the models that it serves to clients; absent: it serves none. */
  serveUrl: servingAddress.optional(),
});

const epoch = z.int().positive();
const lease = z.object({ leaseUntil: instant, cancel: z.boolean() });

const progress = z.strictObject({
  done: z.number().nonnegative(),
  total: z.number().positive(),
  /** What is counted: `prompts`, `steps`. */
  unit: text(50),
  message: text(500).optional(),
});

/** Tokens that the engine worked through. */
export const tokenCounts = z.object({
  /** Read before a response was sampled. */
  prompt: z.number(),
  sampled: z.number(),
  /** Whole sequences that were scored without learning from them. */
  scored: z.number(),
  /** Forward and backward, once for each pass over them. */
  trained: z.number(),
});

/** Far more than an engine can do between two reports, and far from where sums lose a token. */
const reportedTokens = z.int().min(0).max(1_000_000_000_000);

const metric = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_./=@-]{0,199}$/, 'must be 1 to 200 of letters, digits and _./=@-'),
  step: z.int().min(0).max(1_000_000_000),
  value: z.number(),
});

/** What a model wrote may hold anything; the store keeps no NUL and no lone surrogate. */
const modelText = z
  .string()
  .max(50_000)
  .transform((value) => value.toWellFormed().replaceAll('\0', '\ufffd'));

const sample = z.strictObject({
  step: z.int().min(0).max(1_000_000_000),
  /** Counts the samples of a step. */
  row: z.int().min(0).max(1_000_000),
  promptId: z.string().max(200),
  prompt: modelText,
  response: modelText,
  score: z.number().nullable(),
  /** Further figures to show, such as `kl` or `klCoefficient`, and `tokens`. */
  detail: entries(
    z.string().max(100),
    z.union([z.string().max(1000), z.number(), z.null(), sampleTokens]),
    MAXIMUM_DETAILS,
  ).optional(),
});

const heartbeat = z.strictObject({
  epoch,
  /**
   * 1 for the first report after a claim, then rising by one: a repeated report is answered and has no second
   * effect, a report that skips a number is refused with 409.
   */
  sequence: z.int().positive(),
  progress: progress.optional(),
  /** Worked through since the report before. */
  tokens: z
    .strictObject({
      prompt: reportedTokens,
      sampled: reportedTokens,
      scored: reportedTokens,
      trained: reportedTokens,
    })
    .optional(),
  metrics: z.array(metric).max(2000).default([]),
  samples: z.array(sample).max(100).default([]),
});
export type Heartbeat = z.infer<typeof heartbeat>;

const taskId = z.strictObject({ taskId: identifier });

/** The code of a task that is handed back because its machine ends: no fault of the task. */
export const RUNNER_STOPPED = 'runner-stopped';

const failureReason = z.strictObject({
  /** In kebab case, for programs; `cancelled` answers a heartbeat's `cancel`, `runner-stopped` hands back. */
  code: z.string().regex(/^[a-z][a-z0-9-]{0,99}$/),
  message: text(4000),
  cure: text(4000).optional(),
});

const failure = z.object({
  epoch,
  runnerId: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  cure: z.string().nullable(),
  retried: z.boolean(),
  createdAt: instant,
});

export const taskView = z
  .object({
    id: identifier,
    key: sha256,
    kind: z.enum(TASK_KINDS),
    status: z.enum(TASK_STATUSES),
    /** Why it waits, for people; null where it does not. */
    waitsFor: z.string().nullable(),
    experimentId: identifier,
    stage: z.string(),
    shard: z.object({ index: z.int(), count: z.int() }),
    /** Claims so far. */
    attempts: z.int(),
    /** Time under lease, over all attempts. */
    runnerSeconds: z.number(),
    /** The part of it on runners with a GPU. */
    gpuSeconds: z.number(),
    /** As its runners reported; what was repeated after a failure counts again. */
    tokens: tokenCounts,
    epoch: z.int(),
    runnerId: z.string().nullable(),
    leaseUntil: instant.nullable(),
    progress: progress.nullable(),
    createdAt: instant,
    startedAt: instant.nullable(),
    finishedAt: instant.nullable(),
  })
  .meta({ id: 'Task' });

export type TaskView = z.infer<typeof taskView>;
const taskDetail = taskView
  .extend({
    parameters: z.record(z.string(), z.unknown()),
    seed: z.int(),
    inputs: z.array(artifactReference.extend({ name: z.string() })),
    outputs: z.array(z.object({ name: z.string(), sha256, bytes: z.int(), mediaType: z.string() })),
    prompts: artifactReference.nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    failures: z.array(failure),
  })
  .meta({ id: 'TaskDetail' });

export const taskEndpoints = defineEndpoints({
  claimTask: {
    method: 'post',
    unrecorded: 'lease traffic',
    path: '/v1/tasks/claim',
    tag: 'tasks',
    summary: 'Take the lease of the first waiting task; the first claim of a runner registers it',
    scopes: ['runner'],
    body: z.strictObject({
      /** Random, one for each claim: a repeated request finds the same lease again. */
      claimId: z.uuid(),
      runner: runnerDescription,
      /** Only these kinds; all where it is left out. */
      kinds: z.array(z.enum(TASK_KINDS)).min(1).max(TASK_KINDS.length).optional(),
    }),
    status: 200,
    /** `task` is null where nothing waits: ask again after the seconds told. */
    response: z.object({ task: claimedTask.nullable(), retryAfterSeconds: z.number() }),
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
    status: 200,
    response: lease.extend({
      /** False where this sequence number was applied before. */
      applied: z.boolean(),
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
    body: z.strictObject({ epoch, sha256, step: z.int().nonnegative() }),
    status: 200,
    response: lease,
  },
  completeTask: {
    method: 'post',
    path: '/v1/tasks/{taskId}/complete',
    tag: 'tasks',
    summary: 'End a task with its outputs, already put, and its result',
    scopes: ['runner'],
    parameters: taskId,
    body: z.strictObject({
      epoch,
      outputs: z
        .array(z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/), sha256 }))
        .max(500)
        .refine((outputs) => new Set(outputs.map(({ name }) => name)).size === outputs.length, {
          error: 'must not repeat a name',
        }),
      /** In the form of the kind (shared/api/tasks). */
      result: entries(z.string(), z.unknown(), MAXIMUM_DETAILS),
    }),
    status: 200,
    response: taskView,
  },
  failTask: {
    method: 'post',
    path: '/v1/tasks/{taskId}/fail',
    tag: 'tasks',
    summary: 'Give a task back: to be tried again, or to fail for good',
    scopes: ['runner'],
    parameters: taskId,
    body: z.strictObject({ epoch, reason: failureReason, retryable: z.boolean() }),
    status: 200,
    response: taskView,
  },
  listTasks: {
    method: 'get',
    path: '/v1/tasks',
    tag: 'tasks',
    summary: 'List tasks, the newest first, with the reason why each waits',
    scopes: ['admin', 'client'],
    query: pageQuery({ status: z.enum(TASK_STATUSES).optional(), kind: z.enum(TASK_KINDS).optional() }),
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
    status: 200,
    response: taskDetail,
  },
});
