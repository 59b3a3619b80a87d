/** Matrix products. */
import { broadcastShapes, shapeText } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import type { Value } from '../graph.ts';
import { assertSameType, dimensionAt, emitOne } from './emit.ts';

/** Which operands of a product to transpose in their last two axes, and a factor. */
export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly scale?: number;
}

/** [..., m, k] x [..., k, n] -> [..., m, n]; leading axes broadcast. */
export function matMul(a: Value, b: Value, options: ProductOptions = {}): Value {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  assertSameType('MatMul', a, b);
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new GraphError(
      `MatMul: ranks must be at least 2, got ${shapeText(a.shape)} and ${shapeText(b.shape)}`,
    );
  }
  const rows = dimensionAt(a.shape, transposeA ? -1 : -2);
  const inner = dimensionAt(a.shape, transposeA ? -2 : -1);
  const otherInner = dimensionAt(b.shape, transposeB ? -1 : -2);
  const columns = dimensionAt(b.shape, transposeB ? -2 : -1);
  if (inner !== otherInner) {
    const form = `${shapeText(a.shape)}${transposeA ? ' transposed' : ''} x ${shapeText(b.shape)}${transposeB ? ' transposed' : ''}`;
    throw new GraphError(`MatMul: ${form}: inner dimensions ${inner} and ${otherInner} differ`);
  }
  const leading = broadcastShapes('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const output = { dtype: a.dtype, shape: [...leading, rows, columns] };
  if (!transposeA && !transposeB && scale === 1) return emitOne('MatMul', [a, b], output);
  const attributes = { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } };
  return emitOne('FusedMatMul', [a, b], output, attributes, 'com.microsoft');
}

/** Integer product of u8 or s8 operands, exact in int32; zero points are scalars or per row (a), per column (b). */
export function matMulInteger(a: Value, b: Value, zeroPointA?: Value, zeroPointB?: Value): Value {
  for (const value of [a, b]) {
    if (value.dtype !== 'uint8' && value.dtype !== 'int8') {
      throw new GraphError(
        `MatMulInteger: operands must be uint8 or int8, got ${value.dtype}${shapeText(value.shape)}`,
      );
    }
  }
  if (dimensionAt(a.shape, -1) !== dimensionAt(b.shape, -2)) {
    throw new GraphError(
      `MatMulInteger: ${shapeText(a.shape)} x ${shapeText(b.shape)}: inner dimensions differ`,
    );
  }
  const leading = broadcastShapes('MatMulInteger', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...leading, dimensionAt(a.shape, -2), dimensionAt(b.shape, -1)];
  return emitOne('MatMulInteger', [a, b, zeroPointA, zeroPointB], { dtype: 'int32', shape });
}
