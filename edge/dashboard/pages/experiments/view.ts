/** What the table shows of all experiments: filters, search and order, kept in the address. */
import type { Experiment } from '../../app/types.ts';
import { COLUMNS } from './columns.tsx';

export interface View {
  readonly text: string;
  readonly method: string;
  readonly status: string;
  readonly principle: string;
  readonly sort: string;
  readonly descending: boolean;
  readonly baseline: string | undefined;
}

/** The rows to show, in order; the pinned baseline stands first and passes every filter. */
export function shownRows(rows: readonly Experiment[], view: View): Experiment[] {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (row: Experiment) => {
    if (view.method !== '' && row.method !== view.method) return false;
    if (view.status !== '' && row.status !== view.status) return false;
    if (view.principle !== '' && row.principle.name !== view.principle) return false;
    if (words.length === 0) return true;
    const text = `${row.name} ${row.method} ${row.principle.name} ${row.promptSet.name} ${row.baseModel.name} ${row.seed}`;
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
  const found = rows.filter((row) => row.id !== view.baseline && matches(row));
  const key = COLUMNS.find(({ id }) => id === view.sort)?.key;
  if (key && !(view.sort === 'created' && view.descending)) {
    const sign = view.descending ? -1 : 1;
    found.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
      return x === y ? 0 : x < y ? -sign : sign;
    });
  }
  const pinned = rows.find(({ id }) => id === view.baseline);
  return pinned ? [pinned, ...found] : found;
}
