/** How the rows of a batch are cut into micro-batches: rows that go through the engine together are as long as the longest. */
import { cutByLengths } from '../../../shared/planner/cut-by-lengths.ts';

/** Some rows of each group, and their places in it. */
export interface Part<Row> {
  readonly groups: readonly (readonly Row[])[];
  readonly places: readonly (readonly number[])[];
}

/**
 * The rows of each group as they stand, in parts of at most `most` a group: for groups whose sums must be those of each group
 * alone, which cuts by the lengths of all would change.
 *
 * @throws RangeError for an empty batch
 */
export function inTurn<Row>(groups: readonly (readonly Row[])[], most: number): Part<Row>[] {
  const count = rowsOf(groups, most);
  return Array.from({ length: Math.ceil(count / most) }, (_, index) => {
    const [start, end] = [index * most, (index + 1) * most];
    return {
      groups: groups.map((group) => group.slice(start, end)),
      places: groups.map((group) => group.slice(start, end).map((_row, row) => start + row)),
    };
  });
}

/**
 * The rows of each group, sorted by their lengths and cut into parts of at most `most` rows a group, such that padding and runs
 * together cost least.
 *
 * @param lengthOf tokens that a row takes with its own padding: of a pair, twice the longer side
 * @throws RangeError for an empty batch
 */
export function likeLengths<Row>(
  groups: readonly (readonly Row[])[],
  most: number,
  lengthOf: (row: Row) => number,
): Part<Row>[] {
  const count = rowsOf(groups, most);
  const sorted = groups.map((group) =>
    group
      .map((row, place) => ({ row, place, length: lengthOf(row) }))
      .toSorted((a, b) => a.length - b.length),
  );
  const lengths = Array.from({ length: count }, (_, index) =>
    Math.max(0, ...sorted.map((group) => group[index]?.length ?? 0)),
  );
  return cutByLengths(lengths, groups.length, most).map(([start, end]) => {
    const parts = sorted.map((group) => group.slice(start, end));
    return {
      groups: parts.map((part) => part.map(({ row }) => row)),
      places: parts.map((part) => part.map(({ place }) => place)),
    };
  });
}

/** The rows of the largest group. @throws RangeError where there is none, or a part holds none */
function rowsOf(groups: readonly (readonly unknown[])[], most: number): number {
  if (!Number.isInteger(most) || most < 1) {
    throw new RangeError(`A micro-batch needs at least one row, got ${most}`);
  }
  const count = Math.max(0, ...groups.map(({ length }) => length));
  if (count === 0) throw new RangeError('A batch needs at least one row');
  return count;
}

/** What came of the parts, by group and in the order of the batch. @param results of each part, by group and row */
export function inOrder<Result>(
  parts: readonly Pick<Part<unknown>, 'places'>[],
  results: readonly (readonly (readonly Result[])[])[],
): Result[][] {
  const out: Result[][] = [];
  parts.forEach(({ places }, index) => {
    places.forEach((groupPlaces, group) => {
      const ordered = (out[group] ??= []);
      groupPlaces.forEach((place, row) => {
        const result = results[index]?.[group]?.[row];
        if (result !== undefined) ordered[place] = result;
      });
    });
  });
  return out;
}
