/** The frozen base inside a training graph: the sampler's own products forward, dequantised weights backward. */
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { eightBitWeights, type ProductForm } from './eight-bit-linear.ts';
import type { VocabularyProjection } from '../../model/lm-head.ts';
import { FrozenTensors, frozenFloatWeights, type GraphWeights } from '../../model/graph-weights.ts';

/** A base as constants of a graph: its layers and its vocabulary projection. */
export interface FrozenBase {
  readonly weights: GraphWeights;
  readonly projection: VocabularyProjection;
}

/** @param form how the device's 8-bit product takes weights; an fp32 base does not ask */
export function frozenBase(graph: Graph, base: BaseFile, form: ProductForm): FrozenBase {
  const tensors = new FrozenTensors(graph, base);
  return base.precision === 'int8' ? eightBitBase(base, tensors, form) : floatBase(base, tensors);
}

function floatBase(base: BaseFile, tensors: FrozenTensors): FrozenBase {
  const weights = frozenFloatWeights(base, tensors);
  const tied = !tensors.has('output.weight');
  const table = tied ? tensors.value('embedding.weight') : tensors.value('output.weight');
  return {
    weights,
    projection: {
      logits: (x) => weights.linear('output', x),
      mix: (p) => ops.matMul(p, table, { transposeB: !tied }),
      rows: (tokens) => (tied ? ops.gather(table, tokens) : turned(ops.gather(table, tokens, 1))),
      seen: (x) => x,
    },
  };
}

/**
 * 8-bit forward, straight through the rounding backward: dX = g W^T with W dequantised while the step runs, once g is
 * there: what waits for nothing the engine runs first, and would then hold every matrix of the base in fp32 from the start
 * of the step on. Written as DequantizeLinear because the engine would compute a cast of a constant while loading.
 */
function eightBitBase(base: BaseFile, tensors: FrozenTensors, form: ProductForm): FrozenBase {
  const { architecture } = base;
  const eightBit = eightBitWeights(architecture, tensors, form);
  const linear = (name: string, x: Value): Value =>
    ops.first(
      Graph.composite(
        'FrozenLinear',
        [x],
        () => [eightBit.linear(name, x)],
        ({ outputGradients: [g] }) =>
          g === undefined
            ? []
            : [
                ops.matMul(g, dequantised(tensors, name, 1, ops.after(tensors.value(`${name}.scale`), g)), {
                  transposeB: true,
                }),
              ],
      ),
    );
  const tied = architecture.tiedEmbedding;
  const scale = tensors.value('output.scale');
  return {
    weights: { ...eightBit, linear },
    projection: {
      logits: (x) => eightBit.linear('output', x),
      // A tied base holds the output a second time by rows, which is the layout this product wants.
      mix: (p) =>
        tied
          ? ops.matMul(p, dequantised(tensors, 'embedding', 0))
          : ops.matMul(p, dequantised(tensors, 'output', 1), { transposeB: true }),
      rows: (tokens) => {
        if (tied) return eightBit.embed(tokens);
        const columns = ops.cast(ops.gather(tensors.value('output.weight'), tokens, 1), 'float32');
        return turned(ops.multiply(columns, ops.gather(scale, tokens)));
      },
      seen: (x) => {
        const largest = ops.reduceMax(ops.absolute(x), { axes: [-1], keep: true });
        const step = ops.multiply(ops.maximum(largest, 1e-30), 1 / 127);
        return ops.multiply(ops.round(ops.divide(x, step)), step);
      },
    },
  };
}

/** An 8-bit weight in fp32, with its scale along `axis`. */
function dequantised(
  tensors: FrozenTensors,
  name: string,
  axis: number,
  scale = tensors.value(`${name}.scale`),
): Value {
  const values = tensors.value(`${name}.weight`);
  const output = { dtype: 'float32', shape: values.shape } as const;
  return ops.emitOne('DequantizeLinear', [values, scale], output, { axis });
}

function turned(x: Value): Value {
  return ops.transpose(x, [1, 0]);
}
