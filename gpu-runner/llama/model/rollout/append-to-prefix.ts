/** The past of a rollout in two parts: a prefix that steps only read, and the recent tokens that each step extends. */
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { LayerCache } from './layer-cache.ts';

/** Prefixes have a multiple of this length, so that sums over them do not depend on what other rows are in the batch. */
const PREFIX_ALIGNMENT = 32;

/** The size of an axis while the graph runs, int64 [1]. */
export function sizeOf(x: Value, axis: number): Value {
  const type = { dtype: 'int64', shape: [1] } as const;
  return ops.emitOne('Shape', [x], type, { start: axis, end: axis + 1 });
}

/**
 * Moves the recent tokens behind each row's part of the prefix.
 *
 * @param length int64 [batch]: tokens of each row in the prefix
 * @param added int64 [batch]: how many of the recent tokens are real
 * @returns the new prefix, as long as the longest row needs
 */
export function appendToPrefix(
  prefix: readonly LayerCache[],
  recent: readonly LayerCache[],
  length: Value,
  added: Value,
): { readonly layers: readonly LayerCache[]; readonly length: Value } {
  const grown = ops.add(length, added);
  const first = ops.first(prefix.map(({ keys }) => keys));
  const latest = ops.first(recent.map(({ keys }) => keys));
  const blocks = ops.divide(ops.add(ops.reduceMax(grown), PREFIX_ALIGNMENT - 1), PREFIX_ALIGNMENT);
  const { graph } = latest;
  const places = ops.emitOne(
    'Range',
    [graph.scalar(0, 'int64'), ops.multiply(blocks, PREFIX_ALIGNMENT), graph.scalar(1, 'int64')],
    { dtype: 'int64', shape: ['grown'] },
  );
  const oldSize = sizeOf(first, 2);
  const last = ops.subtract(ops.add(oldSize, sizeOf(latest, 2)), 1);
  const place = ops.unsqueeze(places, [0]);
  const own = ops.unsqueeze(length, [1]);
  const moved = ops.minimum(ops.add(ops.subtract(place, own), oldSize), last);
  const source = ops.unsqueeze(ops.where(ops.less(place, own), place, moved), [1, 3]);
  const [batch = 1, heads = 1, , size = 1] = first.shape;
  const shape = [batch, heads, 'grown', size];
  const index = ops.add(source, ops.full(graph, 0, 'int64', [1, heads, 1, 1]));
  const join = (old: Value, fresh: Value): Value => {
    const joined = ops.concat([old, fresh], 2);
    return ops.emitOne('GatherND', [joined, index], { dtype: joined.dtype, shape }, { batch_dims: 2 });
  };
  const layers = prefix.map((old, layer) => {
    const fresh = recent[layer] ?? old;
    return { keys: join(old.keys, fresh.keys), values: join(old.values, fresh.values) };
  });
  return { layers, length: grown };
}
