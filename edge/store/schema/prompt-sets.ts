/** Prompt sets with their prompts by split, and the base models that experiments start from. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { PromptSetCounts, SplitRuleRecord } from '../../../shared/api/prompt-sets.ts';
import type { ServedModel } from '../../../shared/api/served-model.ts';
import { SPLITS } from '../../../shared/api/words.ts';
import type { Turn } from '../../../shared/prompts/turn.ts';
import { artifacts } from './artifacts.ts';
import { creator, id, instant, json } from './columns.ts';

/** `readyAt` is null while an upload is under way: only ready sets are listed and used. */
export const promptSets = sqliteTable(
  'prompt_sets',
  {
    id: id(),
    /** While the upload is under way the id stands here, so that a broken upload blocks no name. */
    name: text('name').notNull().unique(),
    splitRule: json<SplitRuleRecord>('split_rule').notNull(),
    contentSha256: text('content_sha256'),
    /** As they were sent; null for what is older than this column. */
    bytes: integer('bytes'),
    /** Rows by split, exact duplicates, and prompts that appear in both train and test. */
    counts: json<PromptSetCounts>('counts'),
    createdAt: instant('created_at').notNull(),
    createdBy: creator(),
    readyAt: instant('ready_at'),
  },
  (table) => [
    index('prompt_sets_ready')
      .on(table.id)
      .where(sql`${table.readyAt} is not null`),
    index('prompt_sets_unready')
      .on(table.createdAt)
      .where(sql`${table.readyAt} is null`),
  ],
);

export const prompts = sqliteTable(
  'prompts',
  {
    promptSetId: text('prompt_set_id')
      .notNull()
      .references(() => promptSets.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    split: text('split', { enum: SPLITS }).notNull(),
    text: text('text').notNull(),
    /** Where the text would be read as other turns than the row's; null: its turns are those of the text. */
    turns: json<readonly Turn[]>('turns'),
    /** The human-preferred and rejected continuations where the upload had them (HH form). */
    chosen: text('chosen'),
    rejected: text('rejected'),
    /** The upload's columns that say nothing about the prompt. */
    aside: json<Readonly<Record<string, unknown>>>('aside'),
    textSha256: text('text_sha256').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.promptSetId, table.position] }),
    index('prompts_split').on(table.promptSetId, table.split, table.position),
    index('prompts_text').on(table.promptSetId, table.textSha256),
  ],
);

/** A split written out as an artifact, as runners read it: made when the first experiment needs it. */
export const promptSplits = sqliteTable(
  'prompt_splits',
  {
    promptSetId: text('prompt_set_id')
      .notNull()
      .references(() => promptSets.id, { onDelete: 'cascade' }),
    split: text('split', { enum: SPLITS }).notNull(),
    sha256: text('sha256')
      .notNull()
      .references(() => artifacts.sha256),
    rows: integer('rows').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.promptSetId, table.split] }),
    index('prompt_splits_artifact').on(table.sha256),
  ],
);

export const baseModels = sqliteTable('base_models', {
  id: id(),
  name: text('name').notNull().unique(),
  /** Where a runner finds it: a folder, a hub identifier or an address. */
  source: text('source').notNull(),
  /** Hash over weights and tokenizer: part of every task key. */
  weightsSha256: text('weights_sha256').notNull(),
  parameterCount: integer('parameter_count').notNull(),
  contextLength: integer('context_length').notNull(),
  configuration: json<Record<string, string | number | boolean | null>>('configuration').notNull(),
  /** Null for a model whose weights runners open. */
  served: json<ServedModel>('served'),
  createdAt: instant('created_at').notNull(),
  createdBy: creator(),
});
