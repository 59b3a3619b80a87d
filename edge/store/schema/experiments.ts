/** Experiments and the stages each was planned into. */
import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { EXPERIMENT_STATUSES, METHODS, STAGE_STATUSES } from '../../../shared/api/words.ts';
import { PROMPT_FORMS } from '../../../shared/api/tasks/settings.ts';
import { STAGE_KINDS, type Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import type { StagePlan } from '../../domain/experiment.ts';
import { creator, id, instant, json } from './columns.ts';
import { principles, principleVersions } from './principles.ts';
import { baseModels, promptSets } from './prompt-sets.ts';

export const experiments = sqliteTable(
  'experiments',
  {
    id: id(),
    name: text('name').notNull(),
    method: text('method', { enum: METHODS }).notNull(),
    principleId: text('principle_id')
      .notNull()
      .references(() => principles.id),
    principleVersionId: text('principle_version_id')
      .notNull()
      .references(() => principleVersions.id),
    promptSetId: text('prompt_set_id')
      .notNull()
      .references(() => promptSets.id),
    baseModelId: text('base_model_id')
      .notNull()
      .references(() => baseModels.id),
    /** What simulates and labels; null where the base model does it itself. */
    simulatorId: text('simulator_id').references(() => baseModels.id),
    /** The form that it asks for; null where principle and models say it. */
    form: text('form', { enum: PROMPT_FORMS }),
    seed: integer('seed').notNull(),
    /** As the experiment gave them; what the stages use stands in each stage's plan. */
    hyperparameters: json<Hyperparameters>('hyperparameters').notNull(),
    shards: integer('shards').notNull(),
    status: text('status', { enum: EXPERIMENT_STATUSES }).notNull(),
    statusReason: text('status_reason'),
    createdAt: instant('created_at').notNull(),
    createdBy: creator(),
    finishedAt: instant('finished_at'),
    /**
     * Rises with every change of a task that a stage waits for; the planner writes down up to where it has
     * looked. An experiment whose planner was cut off is found by the difference.
     */
    revision: integer('revision').notNull().default(0),
    plannedRevision: integer('planned_revision').notNull().default(0),
  },
  (table) => [
    index('experiments_name').on(table.name, table.id),
    index('experiments_unplanned')
      .on(table.id)
      .where(sql`${table.revision} > ${table.plannedRevision}`),
    index('experiments_status').on(table.status, table.id),
    index('experiments_method').on(table.method, table.id),
    index('experiments_principle').on(table.principleId, table.id),
    index('experiments_prompt_set').on(table.promptSetId, table.id),
    index('experiments_base_model').on(table.baseModelId, table.id),
    index('experiments_simulator')
      .on(table.simulatorId)
      .where(sql`${table.simulatorId} is not null`),
  ],
);

export const stages = sqliteTable(
  'stages',
  {
    id: id(),
    experimentId: text('experiment_id')
      .notNull()
      .references(() => experiments.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    /** Its name in the method's table: `generate-base` is of the kind `generate`. */
    name: text('name').notNull(),
    kind: text('kind', { enum: STAGE_KINDS }).notNull(),
    status: text('status', { enum: STAGE_STATUSES }).notNull(),
    statusReason: text('status_reason'),
    /** What the planner needs to turn this stage into tasks. */
    plan: json<StagePlan>('plan').notNull(),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    uniqueIndex('stages_position').on(table.experimentId, table.position),
    index('stages_status').on(table.status, table.id),
  ],
);
