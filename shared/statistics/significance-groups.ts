/** Which systems cannot be told apart: letters, the way that tables of many comparisons carry them. */

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * The compact letter display of Piepho (2004), by inserting and absorbing: two systems share a letter exactly where they are
 * not told apart.
 *
 * @param systems the best first, so that `a` is on the best
 * @param differ symmetric; whether two systems are told apart
 * @returns the letters of each system, in the order of `systems`
 * @throws RangeError if more groups are needed than there are letters
 */
export function significanceGroups(
  systems: readonly string[],
  differ: (one: string, other: string) => boolean,
): string[] {
  let columns: (readonly string[])[] = [systems];
  for (const [place, one] of systems.entries()) {
    for (const other of systems.slice(place + 1)) {
      if (!differ(one, other)) continue;
      columns = absorbed(
        columns.flatMap((column) =>
          column.includes(one) && column.includes(other)
            ? [without(column, other), without(column, one)]
            : [column],
        ),
      );
    }
  }
  if (columns.length > LETTERS.length) throw new RangeError(`${columns.length} groups need more letters`);
  const firstOf = (column: readonly string[]) => systems.findIndex((system) => column.includes(system));
  const ordered = columns.toSorted((one, other) => firstOf(one) - firstOf(other));
  return systems.map((system) =>
    ordered.map((column, index) => (column.includes(system) ? LETTERS.charAt(index) : '')).join(''),
  );
}

function without(column: readonly string[], left: string): string[] {
  return column.filter((system) => system !== left);
}

/** Without the columns that lie within another one; of equal ones the first stays. */
function absorbed(columns: readonly (readonly string[])[]): (readonly string[])[] {
  return columns.filter(
    (column, index) =>
      !columns.some(
        (wider, at) =>
          at !== index &&
          column.every((system) => wider.includes(system)) &&
          (column.length < wider.length || at < index),
      ),
  );
}
