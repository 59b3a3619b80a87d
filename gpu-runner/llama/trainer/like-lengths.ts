/** How the rows of a batch are cut into micro-batches: rows that go through the engine together are as long as the longest. */
import { partCount } from '../../../shared/planner/step-parts.ts';
import { bySize, cutBundles, holdingBoth, type BundleSize, tokensOf } from './cut-bundles.ts';

/** What one run of the engine may read at the most. */
export interface RunLimits {
  /** rows of one group; of like lengths, texts of one group */
  readonly rows: number;
  /** tokens: a batch is cut into parts of about equal work, as many for each sum of gradients; left out, lengths alone decide */
  readonly tokens?: number;
}

/** Some rows of each group, and their places in it. */
export interface Part<Row> {
  readonly groups: readonly (readonly Row[])[];
  readonly places: readonly (readonly number[])[];
}

/**
 * The rows of each group as they stand, in parts of about equal size: for groups whose sums must be those of each group alone, which
 * cuts by the lengths of all would change.
 *
 * @param bound what no row of any group is longer than, in tokens, with its share of what it begins with
 * @param together rows of one group that are not parted
 * @throws RangeError for an empty batch
 */
export function inTurn<Row>(
  groups: readonly (readonly Row[])[],
  { rows, tokens }: RunLimits,
  bound: number,
  together: number,
): Part<Row>[] {
  const count = rowsOf(groups, rows);
  const parts = Math.max(
    Math.ceil(count / rows),
    tokens === undefined ? 1 : partCount(count * bound, tokens),
  );
  const mostTogether = together * Math.max(1, Math.floor(rows / together));
  const most = Math.min(mostTogether, together * Math.ceil(count / parts / together));
  return Array.from({ length: Math.ceil(count / most) }, (_, index) => {
    const [start, end] = [index * most, (index + 1) * most];
    return {
      groups: groups.map((group) => group.slice(start, end)),
      places: groups.map((group) => group.slice(start, end).map((_row, row) => start + row)),
    };
  });
}

/**
 * The rows of each group, sorted by their sizes and cut into parts within the limits, such that padding and runs together cost least.
 *
 * @param sizeOf what a row takes: a row may be several texts that begin alike
 * @throws RangeError for an empty batch
 */
export function likeLengths<Row>(
  groups: readonly (readonly Row[])[],
  { rows, tokens }: RunLimits,
  sizeOf: (row: Row) => BundleSize,
): Part<Row>[] {
  const count = rowsOf(groups, rows);
  const sorted = groups.map((group) =>
    group
      .map((row, place) => ({ row, place, size: sizeOf(row) }))
      .toSorted((one, other) => bySize(one.size, other.size)),
  );
  const sizes = Array.from({ length: count }, (_, index) =>
    sorted.map((group) => group[index]?.size ?? NOTHING).reduce(holdingBoth),
  );
  const limits = {
    texts: rows,
    tokens: tokens === undefined ? Infinity : evenTokens(sizes, groups.length, tokens),
  };
  return cutBundles(sizes, groups.length, limits).map(([start, end]) => {
    const parts = sorted.map((group) => group.slice(start, end));
    return {
      groups: parts.map((part) => part.map(({ row }) => row)),
      places: parts.map((part) => part.map(({ place }) => place)),
    };
  });
}

/** Tokens of a part where all have about as many; half a bundle more, so that no small rest is left over. */
function evenTokens(sizes: readonly BundleSize[], groups: number, most: number): number {
  const tokens = sizes.map((size) => groups * tokensOf(size));
  const all = tokens.reduce((sum, count) => sum + count, 0);
  return all / partCount(all, most) + Math.max(...tokens) / 2;
}

/** Of a group that has no row left. */
const NOTHING: BundleSize = { prefix: 0, texts: 0, own: 0 };

/** One text by itself. */
export function textSize(tokens: ArrayLike<number>): BundleSize {
  return { prefix: 0, texts: 1, own: tokens.length };
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
