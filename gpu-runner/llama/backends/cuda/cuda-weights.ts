/** The frozen 8-bit base inside a CUDA graph: MatMulNBits forward, one dequantised weight at a time backward. */
import type { Dimension } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import { ExternalTensors } from '../../model/external-tensors.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import { hadamardBlock, turned } from '../../model/hadamard.ts';
import { CUDA_BINARY_FILE, cudaLayout, ZERO_POINT } from './cuda-layout.ts';

/** What a graph must know of a base: the CUDA form holds its 8-bit numbers as they are. */
export interface CudaBase {
  readonly architecture: Architecture;
  /** whether its matrices hold H W in place of W */
  readonly isTurned: boolean;
}

/** What a product of this base reads for x [N, inputs]; done twice it undoes itself. */
export function asTurned({ isTurned }: CudaBase, x: Value): Value {
  const block = isTurned ? hadamardBlock(Number(x.shape.at(-1))) : undefined;
  return block === undefined ? x : turned(x, block);
}

/** The tensors of a base in its CUDA form. */
export function cudaTensors(graph: Graph, architecture: Architecture): ExternalTensors {
  const regions = new Map(
    cudaLayout(architecture).map((region) => [region.name, { ...region, location: CUDA_BINARY_FILE }]),
  );
  return new ExternalTensors(graph, (name) => regions.get(name));
}

/**
 * x W^T by MatMulNBits, which reads the 8-bit weights as they are: one pass over them at a few rows, tiles of them
 * unfolded at many. Straight to the gradient: dX = g W with W unfolded for this one product.
 *
 * @param x fp16 [N, inputs]
 * @returns fp16 [N, outputs]
 */
export function cudaLinear(tensors: ExternalTensors, name: string, x: Value): Value {
  const [rows = 1, inputs = 1] = x.shape;
  return ops.first(
    Graph.composite(
      'CudaLinear',
      [x],
      () => {
        const weight = tensors.value(`${name}.weight`);
        const [outputs = 1, , block = 1] = weight.shape.map(Number);
        return [
          ops.emitOne(
            'MatMulNBits',
            [x, weight, tensors.value(`${name}.blockScale`)],
            { dtype: 'float16', shape: [rows, outputs] },
            { K: Number(inputs), N: outputs, bits: 8, block_size: block },
            'com.microsoft',
          ),
        ];
      },
      ({ outputGradients: [g] }) => (g === undefined ? [] : [ops.matMul(g, unfolded(tensors, name))]),
    ),
  );
}

/**
 * W [outputs, inputs] in fp16. As DequantizeLinear, because the engine computes any other operator on constants while
 * loading and would keep the whole base unfolded; on the weight's own three axes, because another declared shape would be
 * a second copy on the device.
 */
export function unfolded(tensors: ExternalTensors, name: string): Value {
  const weight = tensors.value(`${name}.weight`);
  const [outputs = 1, blocks = 1, block = 1] = weight.shape.map(Number);
  const zeros = weight.graph.constant('uint8', new Uint8Array(outputs).fill(ZERO_POINT));
  const whole = ops.emitOne(
    'DequantizeLinear',
    [weight, tensors.value(`${name}.channelScale`), zeros],
    { dtype: 'float16', shape: weight.shape },
    { axis: 0 },
  );
  return ops.reshape(whole, [outputs, blocks * block]);
}

/** Rows of a matrix by index, [N] -> fp16 [N, inputs]: the embedding, and the rows of scored tokens. */
export function unfoldedRows(tensors: ExternalTensors, name: string, index: Value): Value {
  const weight = tensors.value(`${name}.weight`);
  const [, blocks = 1, block = 1] = weight.shape.map(Number);
  const count: Dimension = index.shape[0] ?? 1;
  const values = ops.subtract(ops.cast(ops.gather(weight, index), 'float16'), ZERO_POINT);
  const scale = ops.unsqueeze(ops.gather(tensors.value(`${name}.blockScale`), index), [-1]);
  return ops.reshape(ops.multiply(values, scale), [count, blocks * block]);
}

/** Name of the matrix whose rows embed tokens. */
function embeddingName(tensors: ExternalTensors): string {
  return tensors.has('embedding.weight') ? 'embedding' : 'output';
}

/** The base in fp16. Rows of activations are flat, [N, features]; the final norm is fp32, as what follows it. */
export function cudaWeights(base: CudaBase, tensors: ExternalTensors): GraphWeights {
  const { architecture } = base;
  const turn = (x: Value): Value => asTurned(base, x);
  return {
    architecture,
    embed: (tokens) => turn(unfoldedRows(tensors, embeddingName(tensors), tokens)),
    norm: (name) => {
      const weight = tensors.value(`${name}.weight`);
      return name === 'norm' ? ops.cast(weight, 'float32') : weight;
    },
    linear: (name, x) => {
      const product = cudaLinear(tensors, name, turn(x));
      const bias = `${name}.bias`;
      return tensors.has(bias) ? ops.add(product, tensors.value(bias)) : product;
    },
  };
}
