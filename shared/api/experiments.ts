/** The contract of experiments: a method, a principle, prompts, a base model and a seed become stages and tasks. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { creator, entries, identifier, instant, name, positiveInteger, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';
import { taskView, tokenCounts } from './tasks.ts';
import { hyperparameters, STAGE_KINDS, TASK_KINDS } from './tasks/kinds.ts';
import { promptForm } from './tasks/settings.ts';
import { judgement } from './tasks/judge.ts';
import { EXPERIMENT_STATUSES, METHODS, STAGE_STATUSES } from './words.ts';

/** A seed that JSON and the generator's counters keep exactly. */
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A year: a plan beyond is none. */
const MAXIMUM_PLANNED_SECONDS = 366 * 24 * 3600;
const MOST_STAGES = 20;

const newExperiment = z
  .strictObject({
    name: text(200).optional().describe('Made from method and principle where it is left out'),
    method: z.enum(METHODS).describe('The method, which decides the stages'),
    principle: z
      .strictObject({
        name: name.describe('Name of the principle'),
        version: z
          .union([positiveInteger, name])
          .describe('A number or a label; fixed to the number it stands for now'),
      })
      .describe('The principle that it is aligned to'),
    promptSet: name.describe('By id or by name, as the base model'),
    baseModel: name.describe('The base model, by id or by name'),
    simulator: name
      .optional()
      .describe(
        'The base model that simulates and labels, where it is another than the one that becomes ' +
          'preference model and policy: a larger one, or one that is served elsewhere',
      ),
    form: promptForm
      .optional()
      .describe(
        'In which form every model is asked; left out, principle and model say it: a model with a chat ' +
          "template is asked through it (chat), one without in the paper's dialogues, and a principle of " +
          'stories stands in front of a text (prefix)',
      ),
    seed: seed.describe('Equal seeds give equal results'),
    shards: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Tasks that simulate, label and generate are split into'),
    hyperparameters: hyperparameters
      .default({})
      .describe('Settings by kind of stage; what is left out has its default'),
    scorer: z
      .boolean()
      .default(false)
      .describe('Whether a scorer for the edge is taught by the preference model'),
    plannedSeconds: entries(name, z.number().positive().max(MAXIMUM_PLANNED_SECONDS), MOST_STAGES)
      .optional()
      .describe(
        'Seconds that its stages are planned to take, by their names: they weigh the progress, and whoever watches is ' +
          'told an end by the clock. Nothing else depends on them',
      ),
  })
  .meta({ id: 'NewExperiment', description: 'What an experiment is made of' });
export type NewExperiment = z.output<typeof newExperiment>;

const reference = z.object({ id: z.string().describe('Its id'), name: z.string().describe('Its name') });

const { judge, n, winRate, interval, lengthControlled } = judgement.shape;
/**
 * What a judge said of the aligned model against the base, at a glance. Not `pick`, which would keep the refusal of
 * the fields that are left out.
 */
const verdict = z.object({ judge, n, winRate, interval, lengthControlled }).meta({
  id: 'Verdict',
  description: 'What a judge said of the aligned model against the base, at a glance',
});

const experiment = z
  .object({
    id: identifier.describe('Its id'),
    name: z.string().describe('Its name'),
    method: z.enum(METHODS).describe('The method, which decides the stages'),
    principle: z
      .object({
        name: z.string().describe('Name of the principle'),
        version: z.int().describe('Number of the version'),
      })
      .describe('The principle that it is aligned to'),
    promptSet: reference.describe('Its prompts'),
    baseModel: reference.describe('The model that is aligned'),
    simulator: reference
      .nullable()
      .describe('What simulates and labels; null where the base model does it itself'),
    form: promptForm.nullable().describe('The form that it asks for; null where principle and models say it'),
    seed: seed.describe('Equal seeds give equal results'),
    shards: z.int().describe('Tasks that simulate, label and generate are split into'),
    status: z.enum(EXPERIMENT_STATUSES).describe('How far it is'),
    statusReason: z.string().nullable().describe('Why it failed; null otherwise'),
    progress: z
      .number()
      .describe(
        "Share of its tasks' work that is done, 0 to 1; stages weigh what they are planned to take, and alike without a plan",
      ),
    verdicts: z
      .array(verdict)
      .describe(
        'By judge; empty until the judge stage has succeeded, in the answer to its creation, and for ' +
          '`base`',
      ),
    runnerSeconds: z
      .number()
      .describe(
        'Time under lease of the tasks that it asked for first, or anew; 0 in the answer to its creation',
      ),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
    finishedAt: instant.nullable().describe('When it ended, milliseconds since the epoch; null before'),
  })
  .meta({ id: 'Experiment', description: 'A method, a principle, prompts, a base model and a seed' });
export type ExperimentView = z.infer<typeof experiment>;

const stage = z
  .object({
    name: z.string().describe("The stage's name"),
    kind: z.enum(STAGE_KINDS).describe('What its tasks do'),
    status: z.enum(STAGE_STATUSES).describe('How far it is'),
    statusReason: z.string().nullable().describe('Why it failed; null otherwise'),
    waitsFor: z.string().nullable().describe('Why it waits, for people; null where it does not'),
    needs: z.array(z.string()).describe('Names of the stages whose outputs it reads'),
    progress: z.number().describe("Share of its tasks' work that is done, 0 to 1"),
    parameters: z
      .record(z.string(), z.unknown())
      .describe('Complete: what the experiment set, and the defaults'),
    plannedSeconds: z
      .number()
      .nullable()
      .describe('What it is planned to take, in seconds; null where nobody said'),
    weight: z
      .number()
      .describe('How much of the experiment it is beside its other stages, by the tokens that it handles'),
    readyAt: instant
      .nullable()
      .describe('When its tasks might be claimed, milliseconds since the epoch; null before'),
    startedAt: instant
      .nullable()
      .describe(
        'When the first of its tasks was claimed, or found to be under way or done: what lies between this and ' +
          '`readyAt` is waiting. Milliseconds since the epoch; null before',
      ),
    finishedAt: instant.nullable().describe('When it ended, milliseconds since the epoch; null before'),
    runnerSeconds: z
      .number()
      .describe('Time under lease of those of its tasks that the experiment asked for first, or anew'),
    tasks: z.array(taskView).describe('Its tasks'),
  })
  .meta({ id: 'Stage', description: 'A step of the method, with its tasks' });

/** What a stage's tasks found, by shard. */
const stageResults = z.record(z.string(), z.array(z.record(z.string(), z.unknown()).nullable()));

const experimentDetail = experiment
  .extend({
    hyperparameters,
    stages: z.array(stage).describe('Its stages, in order'),
    results: stageResults.describe(
      'Stage name -> the result of each of its tasks; null for one that has not succeeded',
    ),
    cost: z
      .object({
        runnerSeconds: z
          .number()
          .describe('Time under lease of the tasks that it asked for first, or anew: no time counts twice'),
        sharedRunnerSeconds: z
          .number()
          .describe('That of the tasks that another experiment asked for, which counts there'),
        gpuSeconds: z.number().describe('The part of it on runners with a GPU'),
        tokens: tokenCounts,
        tasks: z.int().describe('How many tasks it has'),
        sharedTasks: z.int().describe('Tasks that another experiment asked for'),
      })
      .describe('What it took'),
    lastEventId: z.int().describe('Follow the live events from here on: nothing is missed'),
  })
  .meta({ id: 'ExperimentDetail', description: 'An experiment with its stages, tasks, results and cost' });

const experimentId = z.strictObject({ experimentId: identifier.describe('The experiment, by its id') });

const lineageTask = z
  .object({
    id: identifier.describe('Its id'),
    key: sha256.describe('SHA-256 of everything that the task reads and how: equal work has an equal key'),
    stage: z.string().describe("The stage's name"),
    shard: z.int().describe('Its part of the prompts, from 0'),
    kind: z.enum(TASK_KINDS).describe('What its tasks do'),
    status: z.string().describe('How far it is'),
    engineVersion: z.string().describe('Version of the engine; results of unlike versions are not mixed'),
    seed: seed.describe('Equal seeds give equal results'),
    baseModelSha256: sha256.describe('Identity of the base model'),
    promptsSha256: sha256.nullable().describe('SHA-256 of the prompts that it read; null where it read none'),
    inputs: z
      .array(
        z.object({
          name: z.string().describe('By which the task calls it'),
          sha256: sha256.describe('SHA-256 of the artifact'),
        }),
      )
      .describe('What it reads, by name'),
    outputs: z
      .array(
        z.object({
          name: z.string().describe('By which the task calls it'),
          sha256: sha256.describe('SHA-256 of the artifact'),
        }),
      )
      .describe('What it made, by name'),
  })
  .meta({ id: 'LineageTask', description: 'A task by the hashes of all that it read and made' });

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
      method: z.enum(METHODS).optional().describe('Only those of this method'),
      status: z.enum(EXPERIMENT_STATUSES).optional().describe('Only those with this status'),
      principle: name.optional().describe('Only those of this principle'),
      promptSet: name.optional().describe('Only those with this prompt set, by id or by name'),
      baseModel: name.optional().describe('Only those with this base model, by id or by name'),
      text: text(200)
        .meta({ examples: ['rlcd'] })
        .optional()
        .describe('The beginning of the name; the list is then in order of name'),
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
    refuses: ['not-found'],
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
    refuses: ['not-found'],
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
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
  compareExperiments: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/difference/{otherExperimentId}',
    tag: 'experiments',
    summary: 'Show two experiments side by side: settings that differ, and the results of both',
    scopes: ['admin', 'client'],
    parameters: experimentId.extend({
      otherExperimentId: identifier.describe('The experiment to compare with, by its id'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: z.object({
      settings: z
        .array(
          z.object({
            pointer: z.string().describe('JSON pointer to the changed place'),
            before: z.unknown().optional().describe('The value of the first; absent where it was added'),
            after: z.unknown().optional().describe('The value of the second; absent where it was removed'),
          }),
        )
        .describe(
          'From the first to the second; `before` or `after` is absent where a setting was added or removed',
        ),
      results: z
        .object({
          first: stageResults.describe('Of the first'),
          second: stageResults.describe('Of the second'),
        })
        .describe('The results of both, by stage'),
    }),
  },
  getLineage: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/lineage',
    tag: 'experiments',
    summary: 'By hash, everything the results were made of',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    refuses: ['not-found'],
    status: 200,
    response: z.object({
      tasks: z
        .array(lineageTask)
        .describe('Every task of the experiment, with hashes of what it read and made'),
    }),
  },
});
