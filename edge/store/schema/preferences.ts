/** Preference datasets with their pairs, candidates for comparison with the judgements, and scorers. */
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { COMPARISON_OUTCOMES, COMPARISON_SOURCES } from '../../../shared/api/words.ts';
import { artifacts } from './artifacts.ts';
import { id, instant, json, type JsonObject } from './columns.ts';
import { experiments } from './experiments.ts';
import { principles, principleVersions } from './principles.ts';
import { tasks } from './tasks.ts';

export const preferencePairs = sqliteTable(
  'preference_pairs',
  {
    /** The simulate or label task that made it; experiments reach it through `stage_tasks`. */
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    prompt: text('prompt').notNull(),
    chosen: text('chosen').notNull(),
    rejected: text('rejected').notNull(),
    /** Probability that `chosen` is the better one, in (0, 1]. */
    labelProbability: real('label_probability').notNull(),
    /** Which affix pair of the principle made the two sides. */
    affixPair: integer('affix_pair'),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.position] }),
    index('preference_pairs_probability').on(table.taskId, table.labelProbability, table.position),
  ],
);

/** Two responses to one prompt, to be judged by machines and by people. */
export const comparisonCandidates = sqliteTable(
  'comparison_candidates',
  {
    id: id(),
    firstExperimentId: text('first_experiment_id')
      .notNull()
      .references(() => experiments.id, { onDelete: 'cascade' }),
    secondExperimentId: text('second_experiment_id')
      .notNull()
      .references(() => experiments.id, { onDelete: 'cascade' }),
    promptPosition: integer('prompt_position').notNull(),
    question: text('question').notNull(),
    prompt: text('prompt').notNull(),
    firstResponse: text('first_response').notNull(),
    secondResponse: text('second_response').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('comparison_candidates_prompt').on(
      table.firstExperimentId,
      table.secondExperimentId,
      table.question,
      table.promptPosition,
    ),
    index('comparison_candidates_second').on(table.secondExperimentId, table.id),
  ],
);

/** One judgement. The judge sees the two responses in the order given or swapped. */
export const comparisons = sqliteTable(
  'comparisons',
  {
    id: id(),
    candidateId: text('candidate_id')
      .notNull()
      .references(() => comparisonCandidates.id, { onDelete: 'cascade' }),
    source: text('source', { enum: COMPARISON_SOURCES }).notNull(),
    /** The judging model's hash, or the id of the key of the person. */
    judge: text('judge').notNull(),
    swapped: integer('swapped', { mode: 'boolean' }).notNull(),
    /** In the candidate's order, whatever the judge saw. */
    outcome: text('outcome', { enum: COMPARISON_OUTCOMES }).notNull(),
    /** Probability that the first response is better, where the judge gives one. */
    probability: real('probability'),
    taskId: text('task_id').references(() => tasks.id),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('comparisons_once').on(table.candidateId, table.source, table.judge, table.swapped),
    index('comparisons_source').on(table.source, table.id),
    index('comparisons_judge').on(table.judge, table.candidateId),
    index('comparisons_task').on(table.taskId),
  ],
);

export const scorers = sqliteTable(
  'scorers',
  {
    id: id(),
    principleVersionId: text('principle_version_id')
      .notNull()
      .references(() => principleVersions.id),
    sha256: text('sha256')
      .notNull()
      .unique()
      .references(() => artifacts.sha256),
    /** The preference model it was taught by. */
    preferenceModelSha256: text('preference_model_sha256').notNull(),
    calibration: json<JsonObject>('calibration').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [index('scorers_principle').on(table.principleVersionId, table.id)],
);

export const scorerLabels = sqliteTable(
  'scorer_labels',
  {
    principleId: text('principle_id')
      .notNull()
      .references(() => principles.id),
    name: text('name').notNull(),
    scorerId: text('scorer_id')
      .notNull()
      .references(() => scorers.id),
    movedAt: instant('moved_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.principleId, table.name] })],
);
