/** LoRA on every linear layer, several adapter groups in one batch over one base. */
import type { Dimension } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { type AdapterLayout, type FusedLayer, fusedProjections } from './lora-layout.ts';
import { byGroup, cutFlat, type GraphWeights } from './graph-weights.ts';

/** Adapters of G groups inside a graph. */
export interface GraphAdapters {
  readonly weights: GraphWeights;
  /** the scalar heads: weight [G, hidden], bias [G, 1] */
  readonly headWeight: Value;
  readonly headBias: Value;
}

/**
 * A base whose linear layers add (alpha / rank) x A B, with the rows of the batch in G equal groups, each with its own
 * A and B. A group of zeros is the base itself.
 *
 * @param vector [G, P], one {@link AdapterLayout} vector per group
 * @param rowsPerGroup rows of activations that one group has
 */
export function withAdapters(
  base: GraphWeights,
  layout: AdapterLayout,
  vector: Value,
  rowsPerGroup: Dimension,
): GraphAdapters {
  const groups = vector.shape[0];
  if (typeof groups !== 'number') throw new GraphError('Adapters: the number of groups must be known');
  const tensor = adapterTensors(vector, layout, groups);
  return {
    weights: adaptedWeights(base, layout, tensor, groups, rowsPerGroup),
    headWeight: tensor('head.weight'),
    headBias: tensor('head.bias'),
  };
}

/** Looks up the tensors of adapters by name, [G, ...] each. */
export function adapterTensors(
  vector: Value,
  layout: AdapterLayout,
  groups: number,
): (name: string) => Value {
  const tensors = cutFlat(vector, layout.tensors, [groups]);
  return (name) => {
    const value = tensors.get(name);
    if (value === undefined) throw new GraphError(`the adapter has no ${name}`);
    return value;
  };
}

/**
 * The factors on a linear layer of the base: A [G, inputs, parts r], and B [G, r, outputs] of each projection; undefined where
 * it has none.
 *
 * @param name such as `layers.0.attention.qkv`
 */
export function layerFactors(
  name: string,
  tensor: (name: string) => Value,
): { readonly a: Value; readonly b: readonly Value[] } | undefined {
  const match = /^(?<layer>layers\.\d+)\.(?<fused>.*)$/.exec(name)?.groups;
  if (match === undefined) return undefined;
  const { layer = '', fused = '' } = match;
  const parts = fusedProjections[fused as FusedLayer];
  return {
    a: tensor(`${name}.a`),
    b: parts.map((part) => tensor(`${layer}.${part}.b`)),
  };
}

/** The same from the adapters' tensors by name, [G, ...] each. */
export function adaptedWeights(
  base: GraphWeights,
  layout: AdapterLayout,
  tensor: (name: string) => Value,
  groups: number,
  rowsPerGroup: Dimension,
): GraphWeights {
  const scale = layout.alpha / layout.rank;
  // Neither factor is 1: a product of one row without a factor adds up in another order than one of several.
  const upScale = scale === 0.5 ? 0.25 : 0.5;
  const linear = (name: string, x: Value): Value => {
    const product = base.linear(name, x);
    const factors = layerFactors(name, tensor);
    if (factors === undefined) return product;
    const low = ops.matMul(byGroup(x, groups, rowsPerGroup), factors.a, { scale: scale / upScale });
    const up = ops.matMul(low, blockDiagonal(factors.b), { scale: upScale });
    return ops.add(product, ops.reshape(up, product.shape));
  };
  return { ...base, linear };
}

/** [G, r, out_i] each -> [G, parts r, sum of out_i], zero off the blocks: one product adds to all projections. */
export function blockDiagonal(blocks: readonly Value[]): Value {
  if (blocks.length === 1) return ops.first(blocks);
  const rows = blocks.map((block, index) => {
    const [groups = 1, rank = 1] = block.shape;
    return ops.concat(
      blocks.map((other, column) =>
        column === index ? block : ops.full(block.graph, 0, block.dtype, [groups, rank, other.shape[2] ?? 1]),
      ),
      2,
    );
  });
  return ops.concat(rows, 1);
}
