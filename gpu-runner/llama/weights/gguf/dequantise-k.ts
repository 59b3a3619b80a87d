/** Decodes ggml's super-blocks of 256 elements (Q2_K to Q6_K) to fp32, each operation rounded to fp32 as ggml has it. */
import { halfValues } from '../element-types.ts';

const BLOCK = 256;

/** The fp16 number at `at`. */
function halfAt(table: Float32Array, bytes: Uint8Array, at: number): number {
  return table[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] ?? 0;
}

/**
 * [16 bytes: scale low, minimum high half][64 bytes of 2-bit q][d fp16][dmin fp16]: d s q - dmin m.
 *
 * Half h (128 elements) of the block is in bytes 32 h to 32 h + 31: their bits 2 j and 2 j + 1 are elements
 * 32 j to 32 j + 31 of it. A scale serves 16 elements.
 */
export function dequantiseQ2K(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 84, out += BLOCK) {
    const d = halfAt(halves, bytes, at + 80);
    const dmin = halfAt(halves, bytes, at + 82);
    for (let group = 0; group < 16; group++) {
      const packed = bytes[at + group] ?? 0;
      const scale = Math.fround(d * (packed & 15));
      const minimum = Math.fround(dmin * (packed >> 4));
      const from = at + 16 + 32 * (group >> 3) + 16 * (group & 1);
      const shift = group & 6;
      for (let index = 0; index < 16; index++) {
        const q = ((bytes[from + index] ?? 0) >> shift) & 3;
        values[out + 16 * group + index] = Math.fround(scale * q) - minimum;
      }
    }
  }
}

/**
 * [32 bytes of third bits][64 bytes of 2-bit q as Q2_K][12 bytes of 6-bit scales][d fp16]: d (s - 32) (q - 4 unless the
 * third bit is set). Third bit j of byte b belongs to element 32 j + b.
 */
export function dequantiseQ3K(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 110, out += BLOCK) {
    const d = halfAt(halves, bytes, at + 108);
    for (let group = 0; group < 16; group++) {
      const low = ((bytes[at + 96 + (group & 7)] ?? 0) >> (group < 8 ? 0 : 4)) & 15;
      const high = ((bytes[at + 104 + (group & 3)] ?? 0) >> (2 * (group >> 2))) & 3;
      const scale = Math.fround(d * ((low | (high << 4)) - 32));
      const within = 16 * (group & 1);
      const from = at + 32 + 32 * (group >> 3) + within;
      const shift = group & 6;
      const bit = group >> 1;
      for (let index = 0; index < 16; index++) {
        const q = ((bytes[from + index] ?? 0) >> shift) & 3;
        const third = ((bytes[at + within + index] ?? 0) >> bit) & 1;
        values[out + 16 * group + index] = scale * (third === 1 ? q : q - 4);
      }
    }
  }
}

/** [d fp16][dmin fp16][12 bytes of scales][128 bytes of 4-bit q]: d s q - dmin m, a scale for 32 elements */
export function dequantiseQ4K(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 144, out += BLOCK) {
    const d = halfAt(halves, bytes, at);
    const dmin = halfAt(halves, bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const scale = Math.fround(d * scaleOf(bytes, at + 4, group));
      const minimum = Math.fround(dmin * minimumOf(bytes, at + 4, group));
      const from = at + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let index = 0; index < 32; index++) {
        const q = ((bytes[from + index] ?? 0) >> shift) & 15;
        values[out + 32 * group + index] = Math.fround(scale * q) - minimum;
      }
    }
  }
}

/** [d fp16][dmin fp16][12 bytes of scales][32 bytes of fifth bits][128 bytes of 4-bit q]: as Q4_K */
export function dequantiseQ5K(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 176, out += BLOCK) {
    const d = halfAt(halves, bytes, at);
    const dmin = halfAt(halves, bytes, at + 2);
    for (let group = 0; group < 8; group++) {
      const scale = Math.fround(d * scaleOf(bytes, at + 4, group));
      const minimum = Math.fround(dmin * minimumOf(bytes, at + 4, group));
      const from = at + 48 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let index = 0; index < 32; index++) {
        const low = ((bytes[from + index] ?? 0) >> shift) & 15;
        const fifth = ((bytes[at + 16 + index] ?? 0) >> group) & 1;
        values[out + 32 * group + index] = Math.fround(scale * (low | (fifth << 4))) - minimum;
      }
    }
  }
}

/** Scale `group` of Q4_K and Q5_K: six bits, of which the upper two of the last four stand with the first four. */
function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return (bytes[at + group] ?? 0) & 63;
  return ((bytes[at + 4 + group] ?? 0) & 15) | (((bytes[at + group - 4] ?? 0) >> 2) & 48);
}

/** Minimum `group` of Q4_K and Q5_K, packed like the scales. */
function minimumOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return (bytes[at + 4 + group] ?? 0) & 63;
  return ((bytes[at + 4 + group] ?? 0) >> 4) | (((bytes[at + group] ?? 0) >> 2) & 48);
}

/**
 * [128 bytes of lower 4 bits][64 bytes of upper 2 bits][16 signed scales][d fp16]: d s (q - 32).
 *
 * In a half of 128 elements, group j of 32 has its lower bits in bytes 32 (j mod 2) on (low halves for j < 2) and its
 * upper bits in bits 2 j and 2 j + 1.
 */
export function dequantiseQ6K(bytes: Uint8Array, values: Float32Array): void {
  const halves = halfValues();
  for (let at = 0, out = 0; out < values.length; at += 210, out += BLOCK) {
    const d = halfAt(halves, bytes, at + 208);
    for (let group = 0; group < 16; group++) {
      const scale = Math.fround(d * (((bytes[at + 192 + group] ?? 0) << 24) >> 24));
      const half = group >> 3;
      const quarter = (group & 7) >> 1;
      const within = 16 * (group & 1);
      const low = at + 64 * half + 32 * (quarter & 1) + within;
      const high = at + 128 + 32 * half + within;
      const lowShift = 4 * (quarter >> 1);
      const highShift = 2 * quarter;
      for (let index = 0; index < 16; index++) {
        const q =
          (((bytes[low + index] ?? 0) >> lowShift) & 15) |
          ((((bytes[high + index] ?? 0) >> highShift) & 3) << 4);
        values[out + 16 * group + index] = scale * (q - 32);
      }
    }
  }
}
