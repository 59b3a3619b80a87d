/** The 8-bit linear layer: how a frozen weight multiplies activations on this device, exact to the last integer. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { dimensionAt, emitOne } from '../../../tensor/operators/emit.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { serialiseGraph } from '../../../tensor/serialise.ts';
import { valueLimit } from './exact-attention.ts';
import type { Architecture } from '../../model/architecture.ts';
import { prepareUnsigned } from './unsigned-file.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';

/**
 * How the integer product of a CPU takes the weights.
 *
 * - `signed`: u8 activations times s8 weights, the fastest form where the processor adds products in 32 bits (VNNI).
 * - `unsigned`: u8 times u8 (zero point 128). Without VNNI the engine's u8 x s8 kernel adds pairs of products in 16
 *   bits and saturates in silence; this kernel widens first and is exact.
 *
 * Both are exact, so they give the same bytes; only their speed differs.
 */
export type ProductForm = 'signed' | 'unsigned';

const ZERO_POINT = 128;
const LARGEST = 127;
const BYTE_LARGEST = 255;

/** An 8-bit weight: W = values * scale. */
export interface EightBitWeight {
  /** int8 [inputs, outputs] */
  readonly values: Value;
  /** fp32 [outputs] */
  readonly scale: Value;
  /** values + 128, uint8 [inputs, outputs]; made while the engine loads unless given */
  readonly unsigned?: Value | undefined;
}

export interface LinearOptions {
  readonly form: ProductForm;
  /**
   * Rounds each row between its own lowest and highest value and adds the lowest back as a rank-one term: up to half the
   * rounding error for lopsided rows. The gated activation is lopsided, the normalised streams are not.
   */
  readonly centred?: boolean;
}

/**
 * x W with one scale per row of x and one per output channel (vector-wise quantisation as in LLM.int8()):
 * y = (q(x) q(W)) * s_x * s_W, q(x) = round(127 x / max|x|). A row's result depends on that row alone.
 *
 * @param x fp32 [..., inputs]
 * @returns fp32 [..., outputs]
 */
export function eightBitLinear(x: Value, weight: EightBitWeight, options: LinearOptions): Value {
  const product = options.centred === true ? centredProduct : symmetricProduct;
  return product(x, weight, options.form);
}

function symmetricProduct(x: Value, weight: EightBitWeight, form: ProductForm): Value {
  const largest = ops.reduceMax(ops.absolute(x), { axes: [-1], keep: true });
  // A row of zeros divides 0 by 0; whatever byte comes of it, the product is finite and its scale is 0.
  const product = unitProduct(ops.divide(x, largest), 1 / LARGEST, ZERO_POINT, weight, form);
  return ops.multiply(product, largest);
}

function centredProduct(x: Value, weight: EightBitWeight, form: ProductForm): Value {
  const high = ops.reduceMax(x, { axes: [-1], keep: true });
  const low = ops.reduceMin(x, { axes: [-1], keep: true });
  const span = ops.subtract(high, low);
  const product = unitProduct(ops.divide(ops.subtract(x, low), span), 1 / BYTE_LARGEST, 0, weight, form);
  const { values, scale } = weight;
  const columnSums = ops.multiply(ops.reduceSum(ops.cast(values, 'float32'), { axes: [0] }), scale);
  return ops.add(ops.multiply(product, span), ops.multiply(low, columnSums));
}

/** The product of rows that lie in [-1, 1] (zero point 128) or [0, 1] (zero point 0), rounded to multiples of `step`. */
function unitProduct(
  x: Value,
  step: number,
  zero: number,
  { values, scale, unsigned }: EightBitWeight,
  form: ProductForm,
): Value {
  const { graph } = x;
  const zeroPoint = graph.scalar(zero, 'uint8');
  const stepScale = graph.scalar(step, 'float32');
  const quantised = emitOne('QuantizeLinear', [x, stepScale, zeroPoint], { dtype: 'uint8', shape: x.shape });
  const operand = form === 'signed' ? values : (unsigned ?? asUnsigned(values));
  const operandZero = form === 'signed' ? graph.scalar(0, 'int8') : graph.scalar(ZERO_POINT, 'uint8');
  const shape = [...x.shape.slice(0, -1), dimensionAt(values.shape, -1)];
  return emitOne(
    'MatMulIntegerToFloat',
    [quantised, operand, stepScale, scale, zeroPoint, operandZero],
    { dtype: 'float32', shape },
    {},
    'com.microsoft',
  );
}

/** s8 values plus 128 as u8. Of a constant the engine computes this once, while it loads. */
function asUnsigned(values: Value): Value {
  const bytes = ops.cast(values, 'uint8');
  return emitOne('BitwiseXor', [bytes, values.graph.scalar(ZERO_POINT, 'uint8')], bytes);
}

/** Tensors of a base by name, as constants of a graph. */
export interface BaseTensors {
  readonly value: (name: string) => Value;
  readonly unsigned: (name: string) => Value | undefined;
}

/** A frozen 8-bit base. Rows of activations are flat, [N, features]; tokens are int64 [N]. */
export function eightBitWeights(
  architecture: Architecture,
  tensors: BaseTensors,
  form: ProductForm,
): GraphWeights {
  return {
    architecture,
    embed: (tokens) => {
      const rows = ops.cast(ops.gather(tensors.value('embedding.weight'), tokens), 'float32');
      const scales = ops.unsqueeze(ops.gather(tensors.value('embedding.scale'), tokens), [-1]);
      return ops.multiply(rows, scales);
    },
    norm: (name) => tensors.value(`${name}.weight`),
    linear: (name, x) => {
      const weight = {
        values: tensors.value(`${name}.weight`),
        scale: tensors.value(`${name}.scale`),
        unsigned: tensors.unsigned(`${name}.weight`),
      };
      return eightBitLinear(x, weight, { form, centred: name.endsWith('feedForward.down') });
    },
    valueLimit: (layer) => {
      const { heads, keyValueHeads, headSize } = architecture;
      const name = `layers.${layer}.attention`;
      const start = (heads + keyValueHeads) * headSize;
      const projection = ops.slice(tensors.value(`${name}.qkv.weight`), [{ axis: 1, start }]);
      const scale = ops.slice(tensors.value(`${name}.qkv.scale`), [{ axis: 0, start }]);
      return valueLimit(tensors.value(`${name}.norm.weight`), projection, scale);
    },
  };
}

let chosen: Promise<ProductForm> | undefined;

/** The fastest exact form on this processor, with the base made ready for it. */
export async function productFormFor(base: BaseFile): Promise<ProductForm> {
  const form = await cpuProductForm();
  const onCpu = base.cudaFolder === undefined;
  if (onCpu && form === 'unsigned' && (await prepareUnsigned(base))) base.readUnsigned();
  return form;
}

/** The fastest exact form on this processor, found by multiplying operands that a 16-bit sum cannot hold. */
export function cpuProductForm(): Promise<ProductForm> {
  chosen ??= signedProductIsExact().then((exact) => (exact ? 'signed' : 'unsigned'));
  return chosen;
}

const PROBE_INPUTS = 64;
const PROBE_OUTPUTS = 16;

async function signedProductIsExact(): Promise<boolean> {
  const graph = new Graph('product_probe');
  const x = graph.input('x', 'uint8', ['rows', PROBE_INPUTS]);
  const weights = new Int8Array(PROBE_INPUTS * PROBE_OUTPUTS).fill(LARGEST);
  graph.output('y', ops.matMulInteger(x, graph.constant('int8', weights, [PROBE_INPUTS, PROBE_OUTPUTS])));
  const session = await InferenceSession.create(serialiseGraph(graph), { logSeverityLevel: 3 });
  try {
    for (const rows of [1, 8]) {
      const data = new Uint8Array(rows * PROBE_INPUTS).fill(255);
      const { y } = await session.run({ x: new Tensor('uint8', data, [rows, PROBE_INPUTS]) });
      const sums = y === undefined ? [] : Array.from(y.data as Int32Array);
      if (sums.length === 0 || sums.some((sum) => sum !== 255 * LARGEST * PROBE_INPUTS)) return false;
    }
    return true;
  } finally {
    await session.release();
  }
}
