/** LoRA of a rollout: forward only, in as few launches as there are. */
import { GraphError } from '../../tensor/errors.ts';
import type { Dimension } from '../../tensor/dimension.ts';
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { blockDiagonal, withAdapters } from '../training/lora.ts';
import { type AdapterLayout, type FusedLayer, fusedProjections } from '../training/lora-layout.ts';
import { cutFlat, type GraphWeights } from '../training/weights.ts';

/**
 * A base whose linear layers add (alpha / rank) x A B. One group works on flat rows: x A, and B added to the base's product
 * by Gemm; what is made of the vector alone is made once a run, outside the loop. Several groups go by their rows.
 *
 * @param vector fp16 [groups, P]
 */
export function rolloutAdapters(
  base: GraphWeights,
  layout: AdapterLayout,
  vector: Value,
  rowsPerGroup: Dimension,
): GraphWeights {
  if (vector.shape[0] !== 1) return withAdapters(base, layout, vector, rowsPerGroup).weights;
  const tensors = cutFlat(vector, layout.tensors, [1]);
  const tensor = (name: string): Value => {
    const value = tensors.get(name);
    if (value === undefined) throw new GraphError(`the adapter has no ${name}`);
    return value;
  };
  const flat = (value: Value): Value => ops.squeeze(value, [0]);
  const scale = layout.alpha / layout.rank;
  const linear = (name: string, x: Value): Value => {
    const product = base.linear(name, x);
    const match = /^(?<layer>layers\.\d+)\.(?<fused>.*)$/.exec(name)?.groups;
    if (match === undefined) return product;
    const { layer = '', fused = '' } = match;
    const down = ops.multiply(flat(tensor(`${name}.a`)), scale);
    const up = flat(
      blockDiagonal(fusedProjections[fused as FusedLayer].map((part) => tensor(`${layer}.${part}.b`))),
    );
    return ops.emitOne('Gemm', [ops.matMul(x, down), up, product], product);
  };
  return { ...base, linear };
}
