/** The past of a rollout in two parts: a prefix that steps only read, and the recent tokens that each step extends. */
import { elementCount } from '../../../tensor/dimension.ts';
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
 * Moves the recent tokens behind each lane's part of the prefix, for the lanes that go on.
 *
 * @param length int64 [lanes]: tokens of each lane in the prefix
 * @param added int64 [lanes]: how many of the recent tokens are real
 * @param source int64 [next]: the lane that each of the next ones goes on from
 * @returns the prefixes [next, ...], as long as the longest needs, and their lengths int64 [next]
 */
export function appendToPrefix(
  prefix: readonly LayerCache[],
  recent: readonly LayerCache[],
  length: Value,
  added: Value,
  source: Value,
): { readonly layers: readonly LayerCache[]; readonly length: Value } {
  const before = ops.gather(length, source);
  const grown = ops.add(before, ops.gather(added, source));
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
  const total = ops.add(oldSize, sizeOf(latest, 2));
  const place = ops.unsqueeze(places, [0]);
  const own = ops.unsqueeze(before, [1]);
  const moved = ops.minimum(ops.add(ops.subtract(place, own), oldSize), ops.subtract(total, 1));
  const old = ops.where(ops.less(place, own), place, moved);
  const [, heads = 1, , size = 1] = first.shape;
  const lane = ops.add(ops.multiply(ops.unsqueeze(source, [1]), Number(heads)), ops.range(graph, heads));
  const index = ops.add(ops.multiply(ops.unsqueeze(lane, [2]), total), ops.unsqueeze(old, [1]));
  const join = (past: Value, fresh: Value): Value => {
    const joined = ops.concat([past, fresh], 2);
    const flat = ops.reshape(joined, [elementCount(joined.shape.slice(0, 3)), size]);
    return ops.gather(flat, index);
  };
  const layers = prefix.map((past, layer) => {
    const fresh = recent[layer] ?? past;
    return { keys: join(past.keys, fresh.keys), values: join(past.values, fresh.values) };
  });
  return { layers, length: grown };
}
