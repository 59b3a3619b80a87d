/** The labels that point at a row, each with who moved it there and when: one column of JSON, of every labelled thing. */
import { sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import { labelMove } from '../../shared/api/fields.ts';
import { qualify } from './qualify.ts';
import type { principleLabels, scorerLabels } from './schema/index.ts';

/** @param condition which of the table's labels point at the row of the outer query */
export function labelMovesOf(table: typeof principleLabels | typeof scorerLabels, condition: SQL) {
  return sql<string>`(
    select json_group_array(json_object('label', ${qualify(table.name)}, 'movedAt', ${qualify(table.movedAt)},
      'movedBy', json(${qualify(table.movedBy)}))) from ${table} where ${condition})`;
}

/** The same row with its labels read, by name. */
export function withLabels<Row extends { labelMoves: string }>(row: Row) {
  const moves = z.array(labelMove).parse(JSON.parse(row.labelMoves));
  const sorted = moves.sort(({ label: one }, { label: other }) => (one < other ? -1 : 1));
  return { ...row, labels: sorted.map(({ label }) => label), labelMoves: sorted };
}
