/** The contract of experiments: a method, a principle, prompts, a base model and a seed become stages and tasks. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, identifier, instant, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';
import { taskView, tokenCounts } from './tasks.ts';
import { hyperparameters, STAGE_KINDS, TASK_KINDS } from './tasks/kinds.ts';
import { promptForm } from './tasks/settings.ts';
import { judgement } from './tasks/judge.ts';
import { EXPERIMENT_STATUSES, METHODS, STAGE_STATUSES } from './words.ts';

/** A seed that JSON and the generator's counters keep exactly. */
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const newExperiment = z.strictObject({
  /** Made from method and principle where it is left out. */
  name: text(200).optional(),
  method: z.enum(METHODS),
  principle: z.strictObject({
    name,
    /** A number or a label; fixed to the number it stands for now. */
    version: z.union([positiveInteger, name]),
  }),
  /** By id or by name, as the base model. */
  promptSet: name,
  baseModel: name,
  /**
   * The base model that simulates and labels, where it is another than the one that becomes preference model and policy:
   * a larger one, or one that is served elsewhere.
   */
  simulator: name.optional(),
  /**
   * In which form every model is asked; left out, principle and model say it: a model with a chat template is asked through
   * it (chat), one without in the paper's dialogues, and a principle of stories stands in front of a text (prefix).
   */
  form: promptForm.optional(),
  seed,
  /** Tasks that simulate, label and generate are split into. */
  shards: z.int().min(1).max(1000).default(1),
  hyperparameters: hyperparameters.default({}),
  /** Whether a scorer for the edge is taught by the preference model. */
  scorer: z.boolean().default(false),
});
export type NewExperiment = z.output<typeof newExperiment>;

const reference = z.object({ id: z.string(), name: z.string() });

const { judge, n, winRate, interval, lengthControlled } = judgement.shape;
/**
 * What a judge said of the aligned model against the base, at a glance. Not `pick`, which would keep the refusal of
 * the fields that are left out.
 */
const verdict = z.object({ judge, n, winRate, interval, lengthControlled });

const experiment = z
  .object({
    id: identifier,
    name: z.string(),
    method: z.enum(METHODS),
    principle: z.object({ name: z.string(), version: z.int() }),
    promptSet: reference,
    baseModel: reference,
    /** What simulates and labels; null where the base model does it itself. */
    simulator: reference.nullable(),
    /** The form that it asks for; null where principle and models say it. */
    form: promptForm.nullable(),
    seed,
    shards: z.int(),
    status: z.enum(EXPERIMENT_STATUSES),
    /** Why it failed; null otherwise. */
    statusReason: z.string().nullable(),
    /** Share of its tasks' work that is done, 0 to 1. */
    progress: z.number(),
    /** By judge; empty until the judge stage has succeeded, in the answer to its creation, and for `base`. */
    verdicts: z.array(verdict),
    /** Time under lease of all its tasks, shared ones included; 0 in the answer to its creation. */
    runnerSeconds: z.number(),
    createdAt: instant,
    createdBy: creator,
    finishedAt: instant.nullable(),
  })
  .meta({ id: 'Experiment' });
export type ExperimentView = z.infer<typeof experiment>;

const stage = z.object({
  name: z.string(),
  kind: z.enum(STAGE_KINDS),
  status: z.enum(STAGE_STATUSES),
  statusReason: z.string().nullable(),
  /** Why it waits, for people; null where it does not. */
  waitsFor: z.string().nullable(),
  /** Names of the stages whose outputs it reads. */
  needs: z.array(z.string()),
  progress: z.number(),
  /** Complete: what the experiment set, and the defaults. */
  parameters: z.record(z.string(), z.unknown()),
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  tasks: z.array(taskView),
});

/** What a stage's tasks found, by shard. */
const stageResults = z.record(z.string(), z.array(z.record(z.string(), z.unknown()).nullable()));

const experimentDetail = experiment
  .extend({
    hyperparameters,
    stages: z.array(stage),
    /** Stage name -> the result of each of its tasks; null for one that has not succeeded. */
    results: stageResults,
    cost: z.object({
      /** Time under lease of all its tasks, shared ones included. */
      runnerSeconds: z.number(),
      /** The part of it on runners with a GPU. */
      gpuSeconds: z.number(),
      tokens: tokenCounts,
      tasks: z.int(),
      /** Tasks that another experiment asked for first. */
      sharedTasks: z.int(),
    }),
    /** Follow the live events from here on: nothing is missed. */
    lastEventId: z.int(),
  })
  .meta({ id: 'ExperimentDetail' });

const experimentId = z.strictObject({ experimentId: identifier });

const lineageTask = z.object({
  id: identifier,
  key: sha256,
  stage: z.string(),
  shard: z.int(),
  kind: z.enum(TASK_KINDS),
  status: z.string(),
  engineVersion: z.string(),
  seed,
  baseModelSha256: sha256,
  promptsSha256: sha256.nullable(),
  inputs: z.array(z.object({ name: z.string(), sha256 })),
  outputs: z.array(z.object({ name: z.string(), sha256 })),
});

export const experimentEndpoints = defineEndpoints({
  createExperiment: {
    method: 'post',
    path: '/v1/experiments',
    tag: 'experiments',
    summary: 'Make an experiment and plan its stages',
    scopes: ['admin', 'client'],
    body: newExperiment,
    status: 201,
    response: experiment,
    creates: true,
  },
  listExperiments: {
    method: 'get',
    path: '/v1/experiments',
    tag: 'experiments',
    summary: 'List experiments, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({
      method: z.enum(METHODS).optional(),
      status: z.enum(EXPERIMENT_STATUSES).optional(),
      principle: name.optional(),
      promptSet: name.optional(),
      baseModel: name.optional(),
      /** The beginning of the name; the list is then in order of name. */
      text: text(200)
        .meta({ examples: ['rlcd'] })
        .optional(),
    }),
    status: 200,
    response: page(experiment),
  },
  getExperiment: {
    method: 'get',
    path: '/v1/experiments/{experimentId}',
    tag: 'experiments',
    summary: 'Get an experiment with its stages and tasks, why each waits, results and cost',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    status: 200,
    response: experimentDetail,
  },
  cancelExperiment: {
    method: 'post',
    path: '/v1/experiments/{experimentId}/cancel',
    tag: 'experiments',
    summary: 'Cancel: queued tasks at once, running ones by their next heartbeat; shared tasks go on',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    status: 200,
    response: experiment,
  },
  deleteExperiment: {
    method: 'delete',
    path: '/v1/experiments/{experimentId}',
    tag: 'experiments',
    summary:
      'Delete an experiment that has ended, with the tasks that no other one uses; artifacts that nothing uses go an hour later',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    status: 204,
  },
  compareExperiments: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/difference/{otherExperimentId}',
    tag: 'experiments',
    summary: 'Show two experiments side by side: settings that differ, and the results of both',
    scopes: ['admin', 'client'],
    parameters: experimentId.extend({ otherExperimentId: identifier }),
    status: 200,
    response: z.object({
      /** From the first to the second; `before` or `after` is absent where a setting was added or removed. */
      settings: z.array(
        z.object({ pointer: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
      ),
      results: z.object({ first: stageResults, second: stageResults }),
    }),
  },
  getLineage: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/lineage',
    tag: 'experiments',
    summary: 'By hash, everything the results were made of',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    status: 200,
    response: z.object({ tasks: z.array(lineageTask) }),
  },
});
