/** The scalar head of each row's own adapter group, with a gradient that does not know of the other groups. */
import type { Dimension } from '../../tensor/dimension.ts';
import { Graph, type GradientRule, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { withZeroRow } from './select-rows.ts';

export interface ScalarHeads {
  /** [G, hidden] */
  readonly weight: Value;
  /** [G, 1] */
  readonly bias: Value;
}

/** Where picked rows stand in the batch. */
export interface BatchPlaces {
  /** int64 [G * rowsPerGroup]: pick that took this row of the batch, or the number of picks if none did */
  readonly inverse: Value;
  readonly rowsPerGroup: Dimension;
}

/**
 * s_i = w_g(i) . x_i + b_g(i).
 *
 * The heads' gradients are sums over the rows of a group where these stand in the batch, not over the picks of all groups
 * one after the other: there the engine would cut the sum at places that hang on how many picks the groups before have,
 * and a group would train to other bits in a grid than alone.
 *
 * @param rows [N, hidden]
 * @param group int64 [N, 1]
 * @param places undefined where no gradient is wanted
 * @returns [N, 1]
 */
export function scalarHead(
  rows: Value,
  group: Value,
  heads: ScalarHeads,
  places: BatchPlaces | undefined,
): Value {
  const { weight, bias } = heads;
  const forward = (): Value[] => {
    const all = ops.add(ops.matMul(rows, weight, { transposeB: true }), ops.transpose(bias, [1, 0]));
    return [ops.gatherElements(all, group, 1)];
  };
  if (places === undefined) return ops.first(forward());
  const rule: GradientRule = ({ outputGradients: [g] }) =>
    g === undefined ? [] : headGradients(rows, group, heads, places, g);
  return ops.first(Graph.composite('ScalarHead', [rows, weight, bias], forward, rule));
}

/** dX_i = g_i w_g(i), dW = sum over the group's rows of g_i x_i, db = sum of g_i. @param g [N, 1] */
function headGradients(
  rows: Value,
  group: Value,
  { weight, bias }: ScalarHeads,
  { inverse, rowsPerGroup }: BatchPlaces,
  g: Value,
): Value[] {
  const [groups = 1, hidden = 1] = weight.shape;
  const count = rows.shape[0] ?? 1;
  const inBatch = (x: Value): Value => ops.gather(withZeroRow(x), inverse);
  const scores = ops.reshape(inBatch(g), [groups, 1, rowsPerGroup]);
  const states = ops.reshape(inBatch(rows), [groups, rowsPerGroup, hidden]);
  const ones = ops.full(g.graph, 1, g.dtype, [groups, rowsPerGroup, 1]);
  const own = ops.gather(weight, ops.reshape(group, [count]));
  return [
    ops.multiply(g, own),
    ops.reshape(ops.matMul(scores, states), weight.shape),
    ops.reshape(ops.matMul(scores, ones), bias.shape),
  ];
}
