/** The input gradient of a frozen layer, dX = g W^T with W = Q diag(s): in fp32 as training steps do it, and with g s in 8 bits. */
import { cpuTensors, type CpuBase } from '../../../gpu-runner/llama/backends/cpu/cpu-weights.ts';
import { eightBitLinear, twoTermLinear } from '../../../gpu-runner/llama/backends/cpu/eight-bit-linear.ts';
import { hadamardBlock, turned, turnedWeight } from '../../../gpu-runner/llama/model/hadamard.ts';
import { Graph } from '../../../gpu-runner/tensor/graph.ts';
import { emitOne } from '../../../gpu-runner/tensor/operators/emit.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';

const STEP = 1 / 127;

/**
 * - `fp32`: W dequantised while the graph runs, what training steps do;
 * - `one term`: each row of g s in 8 bits by its own largest number;
 * - `two terms`: what that rounding left in 8 bits more, in a second product;
 * - `turned`: (g H)(H W^T) with both rounded once, H blocks of a Hadamard matrix over the outputs: W^T is rounded anew, by columns.
 */
export const FORMS = ['fp32', 'one term', 'two terms', 'turned'] as const;
export type Form = (typeof FORMS)[number];

/** A frozen layer as a backward pass reads it. `embedding` stands for the vocabulary's way back, p W. */
export interface BackwardLayer {
  readonly name: string;
  /** numbers of a row of g, and of dX */
  readonly outputs: number;
  readonly inputs: number;
}

/** g [rows, outputs] -> dX [rows, inputs] of a layer of a base. */
export function inputGradientGraph(cpuBase: CpuBase, layer: BackwardLayer, form: Form): Graph {
  const graph = new Graph('input_gradient');
  const tensors = cpuTensors(graph, cpuBase);
  const g = graph.input('g', 'float32', ['rows', layer.outputs]);
  const values = tensors.value(`${layer.name}.weight`);
  const scale = tensors.value(`${layer.name}.scale`);
  // The embedding has a scale a row and stands as its product wants it; other layers have one a column, and are transposed.
  const byRows = layer.name === 'embedding';
  if (form === 'fp32') {
    const output = { dtype: 'float32', shape: values.shape } as const;
    const weight = emitOne('DequantizeLinear', [values, ops.after(scale, g)], output, {
      axis: byRows ? 0 : 1,
    });
    graph.output('dx', ops.matMul(g, weight, { transposeB: !byRows }));
    return graph;
  }
  const { exactProduct } = cpuBase;
  if (form === 'turned') {
    const block = hadamardBlock(layer.outputs);
    if (block === undefined) throw new RangeError(`${layer.outputs} outputs do not fall into blocks`);
    // All of it is made of constants, so the engine computes it while it loads.
    const columns = byRows ? ops.unsqueeze(scale, [1]) : scale;
    const dequantised = ops.multiply(ops.cast(values, 'float32'), columns);
    const back = turnedWeight(byRows ? dequantised : ops.transpose(dequantised, [1, 0]), block);
    const step = ops.multiply(ops.reduceMax(ops.absolute(back), { axes: [0] }), STEP);
    const turnedBack = { values: ops.cast(ops.round(ops.divide(back, step)), 'int8'), scale: step };
    graph.output('dx', eightBitLinear(turned(g, block), turnedBack, { exactProduct }));
    return graph;
  }
  const weight = {
    // By way of fp32, so that the engine transposes it once, while it loads.
    values: byRows ? values : ops.cast(ops.transpose(ops.cast(values, 'float32'), [1, 0]), 'int8'),
    scale: graph.constant('float32', new Float32Array(layer.inputs).fill(1)),
  };
  const scaled = ops.multiply(g, scale);
  // Two terms take rows without a number below 0, as the vocabulary's are; of others the time is the same.
  graph.output(
    'dx',
    form === 'one term'
      ? eightBitLinear(scaled, weight, { exactProduct })
      : twoTermLinear(scaled, weight, exactProduct),
  );
  return graph;
}
