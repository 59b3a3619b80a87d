/** LoRA of a rollout: forward only, in as few launches as there are. */
import type { Dimension } from '../../../tensor/dimension.ts';
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { adapterTensors, blockDiagonal, layerFactors, withAdapters } from '../../model/lora.ts';
import type { AdapterLayout } from '../../model/lora-layout.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';

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
  const tensor = adapterTensors(vector, layout, 1);
  const flat = (value: Value): Value => ops.squeeze(value, [0]);
  const scale = layout.alpha / layout.rank;
  const linear = (name: string, x: Value): Value => {
    const product = base.linear(name, x);
    const factors = layerFactors(name, tensor);
    if (factors === undefined) return product;
    const down = ops.multiply(flat(factors.a), scale);
    return ops.emitOne('Gemm', [ops.matMul(x, down), flat(blockDiagonal(factors.b)), product], product);
  };
  return { ...base, linear };
}
