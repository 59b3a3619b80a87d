/** Decodes ggml's blocks of 32 elements (Q4_0 to Q8_0) to fp32, each operation rounded to fp32 as ggml has it. */
import { halfValues } from '../element-types.ts';

const BLOCK = 32;
const HALF_BLOCK = 16;

/** The fp16 number at `at`. Its two bytes need not be aligned. */
function halfAt(table: Float32Array, bytes: Uint8Array, at: number): number {
  return table[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] ?? 0;
}

/** [d fp16][16 bytes: low halves are elements 0 to 15, high halves 16 to 31]: d (q - 8) */
export function dequantiseQ40(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 18, out += BLOCK) {
    const scale = halfAt(halves, bytes, at);
    for (let index = 0; index < HALF_BLOCK; index++) {
      const packed = bytes[at + 2 + index] ?? 0;
      values[out + index] = scale * ((packed & 15) - 8);
      values[out + HALF_BLOCK + index] = scale * ((packed >> 4) - 8);
    }
  }
}

/** [d fp16][m fp16][16 bytes as Q4_0]: d q + m */
export function dequantiseQ41(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 20, out += BLOCK) {
    const scale = halfAt(halves, bytes, at);
    const minimum = halfAt(halves, bytes, at + 2);
    for (let index = 0; index < HALF_BLOCK; index++) {
      const packed = bytes[at + 4 + index] ?? 0;
      values[out + index] = Math.fround(scale * (packed & 15)) + minimum;
      values[out + HALF_BLOCK + index] = Math.fround(scale * (packed >> 4)) + minimum;
    }
  }
}

/** [d fp16][32 fifth bits][16 bytes as Q4_0]: d (q - 16) */
export function dequantiseQ50(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 22, out += BLOCK) {
    const scale = halfAt(halves, bytes, at);
    for (let index = 0; index < HALF_BLOCK; index++) {
      const packed = bytes[at + 6 + index] ?? 0;
      values[out + index] = scale * (((packed & 15) | fifthBit(bytes, at + 2, index)) - 16);
      values[out + HALF_BLOCK + index] = scale * (((packed >> 4) | fifthBit(bytes, at + 4, index)) - 16);
    }
  }
}

/** [d fp16][m fp16][32 fifth bits][16 bytes as Q4_0]: d q + m */
export function dequantiseQ51(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 24, out += BLOCK) {
    const scale = halfAt(halves, bytes, at);
    const minimum = halfAt(halves, bytes, at + 2);
    for (let index = 0; index < HALF_BLOCK; index++) {
      const packed = bytes[at + 8 + index] ?? 0;
      values[out + index] = Math.fround(scale * ((packed & 15) | fifthBit(bytes, at + 4, index))) + minimum;
      values[out + HALF_BLOCK + index] =
        Math.fround(scale * ((packed >> 4) | fifthBit(bytes, at + 6, index))) + minimum;
    }
  }
}

/** Bit `index` of the bits from byte `at` on, in place 4. */
function fifthBit(bytes: Uint8Array, at: number, index: number): number {
  return (((bytes[at + (index >> 3)] ?? 0) >> (index & 7)) & 1) << 4;
}

/** [d fp16][32 signed bytes]: d q */
export function dequantiseQ80(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 34, out += BLOCK) {
    const scale = halfAt(halves, bytes, at);
    for (let index = 0; index < BLOCK; index++) {
      values[out + index] = scale * (((bytes[at + 2 + index] ?? 0) << 24) >> 24);
    }
  }
}
