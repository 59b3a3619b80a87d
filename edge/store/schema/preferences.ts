/** Preference datasets with their pairs, candidates for comparison with the judgements, and scorers. */
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { PairTokens } from '../../../shared/api/preference-pairs.ts';
import { COMPARISON_OUTCOMES, COMPARISON_SOURCES } from '../../../shared/api/words.ts';
import { artifacts } from './artifacts.ts';
import { creator, id, instant, json, mover, type JsonObject } from './columns.ts';
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
    promptId: text('prompt_id').notNull(),
    prompt: text('prompt').notNull(),
    chosen: text('chosen').notNull(),
    rejected: text('rejected').notNull(),
    /** Probability that `chosen` is the better one, in 0..1. */
    labelProbability: real('label_probability').notNull(),
    /** Which affix pair of the principle made the two sides. */
    affixPair: integer('affix_pair'),
    /** How likely the tokens of the two sides were, with and without affix; null where the runner sent none. */
    tokens: json<PairTokens>('tokens'),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.position] }),
    index('preference_pairs_probability').on(table.taskId, table.labelProbability, table.position),
  ],
);

/** Two responses to one prompt, made by a judge task, to be judged by machines and by people. */
export const comparisonCandidates = sqliteTable(
  'comparison_candidates',
  {
    /** `<task id>:<prompt id>`: a repeated ingest writes the same row. */
    id: id(),
    /** The judge task; experiments reach it through `stage_tasks`. */
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    promptId: text('prompt_id').notNull(),
    prompt: text('prompt').notNull(),
    firstResponse: text('first_response').notNull(),
    secondResponse: text('second_response').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [index('comparison_candidates_task').on(table.taskId, table.id)],
);

/** One judgement. The judge sees the two responses in the order given or swapped. */
export const comparisons = sqliteTable(
  'comparisons',
  {
    /** `<candidate id>:<source>:<judge>:<swapped>`. */
    id: id(),
    candidateId: text('candidate_id')
      .notNull()
      .references(() => comparisonCandidates.id, { onDelete: 'cascade' }),
    source: text('source', { enum: COMPARISON_SOURCES }).notNull(),
    /** The judge's name, or the id of the key of the person. */
    judge: text('judge').notNull(),
    swapped: integer('swapped', { mode: 'boolean' }).notNull(),
    /** In the candidate's order, whatever the judge saw. */
    outcome: text('outcome', { enum: COMPARISON_OUTCOMES }).notNull(),
    /** What the judge gave each response, where it scores them. */
    firstScore: real('first_score'),
    secondScore: real('second_score'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('comparisons_candidate').on(table.candidateId, table.id),
    index('comparisons_judge').on(table.judge, table.candidateId),
    index('comparisons_source').on(table.source, table.id),
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
    /** As of the experiment that it was first taught for. */
    createdBy: creator(),
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
    movedBy: mover(),
  },
  (table) => [primaryKey({ columns: [table.principleId, table.name] })],
);
