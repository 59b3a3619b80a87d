/** Principles: a name, its immutable versions, and labels that move between versions. */
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import type { PrincipleDefinition } from '../../../shared/api/principles.ts';
import { creator, id, instant, json, mover } from './columns.ts';

export const principles = sqliteTable('principles', {
  id: id(),
  name: text('name').notNull().unique(),
  createdAt: instant('created_at').notNull(),
  createdBy: creator(),
});

/** A version is never updated; a new wording is a new row with the next number. */
export const principleVersions = sqliteTable(
  'principle_versions',
  {
    id: id(),
    principleId: text('principle_id')
      .notNull()
      .references(() => principles.id),
    number: integer('number').notNull(),
    definition: json<PrincipleDefinition>('definition').notNull(),
    createdAt: instant('created_at').notNull(),
    createdBy: creator(),
  },
  (table) => [uniqueIndex('principle_versions_number').on(table.principleId, table.number)],
);

export const principleLabels = sqliteTable(
  'principle_labels',
  {
    principleId: text('principle_id')
      .notNull()
      .references(() => principles.id),
    name: text('name').notNull(),
    versionId: text('version_id')
      .notNull()
      .references(() => principleVersions.id),
    movedAt: instant('moved_at').notNull(),
    movedBy: mover(),
  },
  (table) => [
    primaryKey({ columns: [table.principleId, table.name] }),
    index('principle_labels_version').on(table.versionId),
  ],
);
