/** Picking rows of a matrix and the way back, without concurrent additions: equal runs give equal bytes. */
import { elementCount } from '../../tensor/dimension.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

/**
 * Rows of a matrix by index. The engine's adding scatter runs in several threads and loses additions where an index
 * repeats, so the gradient is a gather by the inverse: each row of the matrix knows which pick took it.
 *
 * @param matrix [N, H]
 * @param index int64 [...S]
 * @param inverse int64 [N]: place in the flattened picks that took this row (at most one), or their number if none did
 * @returns [...S, H]
 */
export function selectRows(matrix: Value, index: Value, inverse: Value): Value {
  const width = matrix.shape[1] ?? 1;
  const rule = ({ outputGradients: [g] }: { outputGradients: readonly (Value | undefined)[] }): Value[] => {
    if (g === undefined) return [];
    return [ops.gather(withZeroRow(ops.reshape(g, [elementCount(index.shape), width])), inverse)];
  };
  return ops.first(Graph.composite('SelectRows', [matrix], () => [ops.gather(matrix, index)], rule));
}

/** [S, H] -> [S + 1, H], the last row zero. */
export function withZeroRow(rows: Value): Value {
  return ops.concat([rows, ops.full(rows.graph, 0, rows.dtype, [1, rows.shape[1] ?? 1])], 0);
}

/** How many rows one level of {@link sumRowsById} adds up, and its levels: 16^4 occurrences of one id at most. */
export const SUM_FAN = 16;
export const SUM_LEVELS = 4;

/**
 * Sums the rows of one id, for every id, in a fixed order: level by level, SUM_FAN rows each. The plan is made on the
 * host by {@link rowSumPlan}.
 *
 * @param rows [N, H]
 * @param levels int64 [K_l, SUM_FAN]: rows of the level before to add up; its number of rows stands for nothing
 * @param inverse int64 [ids]: row of the last level that holds the sum of this id, or its number of rows if none does
 * @returns [ids, H]
 */
export function sumRowsById(rows: Value, levels: readonly Value[], inverse: Value): Value {
  let sums = rows;
  for (const level of levels) sums = ops.reduceSum(ops.gather(withZeroRow(sums), level), { axes: [1] });
  return ops.gather(withZeroRow(sums), inverse);
}

/** The operands of {@link sumRowsById} for rows with these ids. @throws RangeError if an id occurs too often */
export function rowSumPlan(
  ids: ArrayLike<number>,
  idCount: number,
): { levels: BigInt64Array[]; inverse: BigInt64Array } {
  let rowsOfId = new Map<number, number[]>();
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row] ?? 0;
    const rows = rowsOfId.get(id);
    if (rows === undefined) rowsOfId.set(id, [row]);
    else rows.push(row);
  }
  let size = ids.length;
  const levels = Array.from({ length: SUM_LEVELS }, () => {
    const plan: bigint[] = [];
    const next = new Map<number, number[]>();
    for (const [id, rows] of rowsOfId) {
      const sums: number[] = [];
      for (let start = 0; start < rows.length; start += SUM_FAN) {
        sums.push(plan.length / SUM_FAN);
        for (let offset = 0; offset < SUM_FAN; offset++) plan.push(BigInt(rows[start + offset] ?? size));
      }
      next.set(id, sums);
    }
    rowsOfId = next;
    size = plan.length / SUM_FAN;
    return BigInt64Array.from(plan);
  });
  const inverse = new BigInt64Array(idCount).fill(BigInt(size));
  for (const [id, [row = 0, ...more]] of rowsOfId) {
    if (more.length > 0) {
      throw new RangeError(
        `Token ${id} occurs more than ${SUM_FAN ** SUM_LEVELS} times in one micro-batch: make it smaller`,
      );
    }
    inverse[id] = BigInt(row);
  }
  return { levels, inverse };
}
