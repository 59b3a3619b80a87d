/** How a graph reads the weights of a model, whatever they are kept as. */
import { elementCount } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import type { FlatTensor } from './flat-layout.ts';

/** The base of a model inside a graph. Rows of activations are flat, [N, features]. */
export interface GraphWeights {
  readonly architecture: Architecture;
  /** rows of the embedding, [N, hidden], for tokens int64 [N] */
  readonly embed: (tokens: Value) => Value;
  /** a norm's weight [hidden] by its name in the base, such as `layers.0.attention.norm` */
  readonly norm: (name: string) => Value;
  /** x @ W of a linear layer by its name in the base, such as `layers.0.attention.qkv` */
  readonly linear: (name: string, x: Value) => Value;
}

/** Cuts flat vectors [G, P] into their tensors, [...leading, ...shape] each. */
export function cutFlat(
  vector: Value,
  tensors: readonly FlatTensor[],
  leading: readonly number[],
): ReadonlyMap<string, Value> {
  const parts = ops.split(
    vector,
    1,
    tensors.map(({ length }) => length),
  );
  return new Map(
    tensors.map(({ name, shape }, index) => [
      name,
      ops.reshape(ops.known(parts[index], name), [...leading, ...shape]),
    ]),
  );
}

/** x in rows by group: [N, F] -> [groups, N / groups, F]. */
export function byGroup(x: Value, groups: number, rowsPerGroup: Value['shape'][number]): Value {
  const width = x.shape.at(-1) ?? 1;
  if (elementCount([groups, rowsPerGroup]) !== elementCount(x.shape.slice(0, -1))) {
    throw new GraphError(`rows do not fall into ${groups} groups of ${rowsPerGroup}`);
  }
  return ops.reshape(x, [groups, rowsPerGroup, width]);
}
