/** The 8-bit linear layer: how a frozen weight multiplies activations on this device, exact to the last integer. */
import { dimensionAt, emitOne } from '../../../tensor/operators/emit.ts';
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { ExactProduct } from './exact-product.ts';

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
  readonly exactProduct: ExactProduct;
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
  return product(x, weight, options.exactProduct);
}

function symmetricProduct(x: Value, weight: EightBitWeight, exactProduct: ExactProduct): Value {
  const largest = ops.reduceMax(ops.absolute(x), { axes: [-1], keep: true });
  // A row of zeros divides 0 by 0; whatever byte comes of it, the product is finite and its scale is 0.
  const unit = ops.divide(x, largest);
  return ops.multiply(unitProduct(unit, 1 / LARGEST, ZERO_POINT, weight, exactProduct).product, largest);
}

/** The second term has steps so much smaller: the first leaves at most half a step. */
const FINER = 2 * LARGEST;

/**
 * x W with what the first rounding of a row left rounded once more, in a second product:
 * x = r (q / 127 + q' / (127 * 254)), r = max x. 15 bits of x for the price of two products.
 *
 * @param x fp32 [..., inputs], no number below 0
 */
export function twoTermLinear(x: Value, weight: EightBitWeight, exactProduct: ExactProduct): Value {
  const { graph } = x;
  const largest = ops.reduceMax(x, { axes: [-1], keep: true });
  const unit = ops.divide(x, largest);
  const first = unitProduct(unit, 1 / LARGEST, ZERO_POINT, weight, exactProduct);
  const [step, zero] = [graph.scalar(1 / LARGEST, 'float32'), graph.scalar(ZERO_POINT, 'uint8')];
  const left = ops.subtract(unit, emitOne('DequantizeLinear', [first.quantised, step, zero], unit));
  const second = unitProduct(left, 1 / (LARGEST * FINER), ZERO_POINT, weight, exactProduct);
  return ops.multiply(ops.add(first.product, second.product), largest);
}

function centredProduct(x: Value, weight: EightBitWeight, exactProduct: ExactProduct): Value {
  const high = ops.reduceMax(x, { axes: [-1], keep: true });
  const low = ops.reduceMin(x, { axes: [-1], keep: true });
  const span = ops.subtract(high, low);
  const { product } = unitProduct(
    ops.divide(ops.subtract(x, low), span),
    1 / BYTE_LARGEST,
    0,
    weight,
    exactProduct,
  );
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
  exactProduct: ExactProduct,
): { readonly product: Value; readonly quantised: Value } {
  const { graph } = x;
  const zeroPoint = graph.scalar(zero, 'uint8');
  const stepScale = graph.scalar(step, 'float32');
  const quantised = emitOne('QuantizeLinear', [x, stepScale, zeroPoint], { dtype: 'uint8', shape: x.shape });
  const operand = exactProduct === 'signed' ? values : (unsigned ?? asUnsigned(values));
  const operandZero = exactProduct === 'signed' ? graph.scalar(0, 'int8') : graph.scalar(ZERO_POINT, 'uint8');
  const shape = [...x.shape.slice(0, -1), dimensionAt(values.shape, -1)];
  const product = emitOne(
    'MatMulIntegerToFloat',
    [quantised, operand, stepScale, scale, zeroPoint, operandZero],
    { dtype: 'float32', shape },
    {},
    'com.microsoft',
  );
  return { product, quantised };
}

/** s8 values plus 128 as u8. Of a constant the engine computes this once, while it loads. */
function asUnsigned(values: Value): Value {
  const bytes = ops.cast(values, 'uint8');
  return emitOne('BitwiseXor', [bytes, values.graph.scalar(ZERO_POINT, 'uint8')], bytes);
}
