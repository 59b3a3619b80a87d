/** Decoding of the element types in which checkpoints hold weights: fp32, fp16 and bf16 to fp32 and back. */

export type CheckpointDtype = 'F32' | 'F16' | 'BF16';

/** Bytes of one element. */
export const elementBytes: Readonly<Record<CheckpointDtype, number>> = { F32: 4, F16: 2, BF16: 2 };

const scratch = new DataView(new ArrayBuffer(4));

let halfTable: Float32Array | null = null;

/** All 65,536 values of fp16, by bits. */
export function halfValues(): Float32Array {
  if (halfTable !== null) return halfTable;
  const table = new Float32Array(1 << 16);
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits >>> 15 === 0 ? 1 : -1;
    const exponent = (bits >>> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  halfTable = table;
  return table;
}

/**
 * Decodes little-endian elements. fp32 elements are viewed, not copied, where they are aligned.
 *
 * @param bytes a whole number of elements
 * @param into where 16-bit elements are decoded to, of as many elements; memory of its own unless given
 */
export function decodeElements(dtype: CheckpointDtype, bytes: Uint8Array, into?: Float32Array): Float32Array {
  if (dtype === 'F32') {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  }
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
  const values = into ?? new Float32Array(words.length);
  if (dtype === 'F16') {
    const table = halfValues();
    for (let index = 0; index < words.length; index++) values[index] = table[words[index] ?? 0] ?? 0;
  } else {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let index = 0; index < words.length; index++) bits[index] = (words[index] ?? 0) << 16;
  }
  return values;
}

/** Encodes fp32 numbers, rounding half to even; magnitudes beyond the type become infinite. */
export function encodeElements(dtype: CheckpointDtype, values: Float32Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const words = Uint16Array.from(values, dtype === 'BF16' ? bfloat16Bits : halfBits);
  return new Uint8Array(words.buffer);
}

function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65_520) return sign | 0x7c00;
  scratch.setFloat32(0, magnitude);
  const exponent = Math.max((scratch.getUint32(0) >>> 23) - 127, -14);
  const units = magnitude * 2 ** (10 - exponent);
  const floor = Math.floor(units);
  const rest = units - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  // Adding, not joining, lets a carry out of the fraction raise the exponent; 1024 is the hidden bit.
  return sign + (exponent + 14) * 1024 + rounded;
}

/** Index of the first element that is not a finite number, or -1. */
export function firstNotFinite(values: Float32Array): number {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    // The difference of a finite number with itself is 0, of NaN and the infinities it is NaN.
    if (value - value !== 0) return index;
  }
  return -1;
}
