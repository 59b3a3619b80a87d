/** How a cell of the grid was chosen, in words. */
import type { z } from 'zod';
import type { selectResult } from '../api/tasks/select.ts';

/** Such as `the highest mean reward of those that keep 0.85 of the base model's Dist-2`. */
export function choiceRule({
  minimumDistinct2,
  table,
}: Pick<z.infer<typeof selectResult>, 'minimumDistinct2' | 'table'>): string {
  if (minimumDistinct2 === null) return 'the highest mean reward';
  const share = `${minimumDistinct2} of the base model's Dist-2`;
  return table.some(({ distinct2 }) => distinct2 >= minimumDistinct2)
    ? `the highest mean reward of those that keep ${share}`
    : `none keeps ${share}, this one keeps most`;
}
