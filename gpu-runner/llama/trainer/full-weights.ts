/** All weights of a small fp32 model as one trained vector. */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from '../model/architecture.ts';
import { type FlatTensor, layFlat } from '../model/flat-layout.ts';
import type { GraphWeights } from '../model/graph-weights.ts';
import { baseLayout } from '../weights/base-layout.ts';

/** Tensors of a fully trainable model in one flat vector, in the order of an fp32 base. */
export function fullLayout(architecture: Architecture): FlatTensor[] {
  return layFlat(baseLayout(architecture, 'fp32', false).map(({ name, shape }) => [name, shape]));
}

/**
 * Trainable fp32 weights.
 *
 * @param parameters each tensor by its name in the base, in its own shape
 * @param embed rows of the embedding; its gradient needs a plan from the host
 */
export function trainableWeights(
  architecture: Architecture,
  parameters: ReadonlyMap<string, Value>,
  embed: (table: Value, tokens: Value) => Value,
): GraphWeights {
  const parameter = (name: string): Value => ops.known(parameters.get(name), name);
  return {
    architecture,
    embed: (tokens) => embed(parameter('embedding.weight'), tokens),
    norm: (name) => parameter(`${name}.weight`),
    linear: (name, x) => {
      if (name === 'output' && architecture.tiedEmbedding) {
        return ops.matMul(x, parameter('embedding.weight'), { transposeB: true });
      }
      const product = ops.matMul(x, parameter(`${name}.weight`));
      const bias = parameters.get(`${name}.bias`);
      return bias === undefined ? product : ops.add(product, bias);
    },
  };
}
