/** Q8_0, llama.cpp's 8-bit form: blocks of 32 numbers, each with a scale in fp16. */
import { encodeElements, decodeElements } from '../llama/weights/element-types.ts';

const BLOCK = 32;
const BLOCK_BYTES = 34;
const LARGEST = 127;

/** Blocks of the numbers, of which there must be a multiple of 32; x ~ d q with d = max|x| / 127 over the block. */
export function encodeQ80(values: Float32Array): Uint8Array {
  const blocks = values.length / BLOCK;
  const inverses = new Float64Array(blocks);
  const scales = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    let largest = 0;
    for (let index = block * BLOCK; index < (block + 1) * BLOCK; index++) {
      const magnitude = Math.abs(values[index] ?? 0);
      if (magnitude > largest) largest = magnitude;
    }
    scales[block] = largest / LARGEST;
  }
  const halves = encodeElements('F16', scales);
  // Divided by what is stored, not by what was meant: the scale's own rounding costs nothing then.
  const stored = decodeElements('F16', halves);
  for (let block = 0; block < blocks; block++) {
    const scale = stored[block] ?? 0;
    inverses[block] = scale === 0 ? 0 : 1 / scale;
  }
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  const signed = new Int8Array(bytes.buffer);
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_BYTES;
    bytes.set(halves.subarray(2 * block, 2 * block + 2), start);
    const inverse = inverses[block] ?? 0;
    for (let index = 0; index < BLOCK; index++) {
      const quotient = Math.round((values[block * BLOCK + index] ?? 0) * inverse);
      signed[start + 2 + index] = Math.max(-LARGEST, Math.min(LARGEST, quotient));
    }
  }
  return bytes;
}
