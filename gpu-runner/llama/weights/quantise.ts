/** Per-output-channel symmetric 8-bit quantisation: w ~ q * s, s = max|w| / 127 over the channel's inputs. */

const LARGEST = 127;

/** A channel below this is zero: its scale would be subnormal, too coarse for a quotient within 127. */
const NEGLIGIBLE = 2 ** -119;

/**
 * Quantises channels that lie as rows and stores them as columns of a transposed matrix.
 *
 * @param rows fp32 [count, inputs], one output channel per row
 * @param target int8 [inputs, outputs] (row-major), filled at columns `firstChannel .. firstChannel + count - 1`
 * @param scales fp32 [outputs], filled at the same places; a channel of zeros gets scale 0
 */
export function quantiseTransposed(
  rows: Float32Array,
  inputs: number,
  target: Int8Array,
  scales: Float32Array,
  firstChannel: number,
): void {
  const outputs = scales.length;
  const count = rows.length / inputs;
  const inverses = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const scale = channelScale(rows, row * inputs, inputs);
    scales[firstChannel + row] = scale;
    inverses[row] = scale === 0 ? 0 : 1 / scale;
  }
  for (let from = 0; from < count; from += 64) {
    const to = Math.min(count, from + 64);
    for (let input = 0; input < inputs; input++) {
      const place = input * outputs + firstChannel;
      for (let row = from; row < to; row++) {
        target[place + row] = roundHalfEven((rows[row * inputs + input] ?? 0) * (inverses[row] ?? 0));
      }
    }
  }
}

/**
 * Quantises rows in place: one scale per row.
 *
 * @param rows fp32 [count, width]
 * @param target int8 [count, width]
 * @param scales fp32 [count]
 */
export function quantiseRows(
  rows: Float32Array,
  width: number,
  target: Int8Array,
  scales: Float32Array,
): void {
  for (let row = 0; row < scales.length; row++) {
    const first = row * width;
    const scale = channelScale(rows, first, width);
    scales[row] = scale;
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let index = first; index < first + width; index++) {
      target[index] = roundHalfEven((rows[index] ?? 0) * inverse);
    }
  }
}

/** The fp32 scale of one channel; the quotient by it is at most 127 before and after rounding. */
function channelScale(values: Float32Array, first: number, count: number): number {
  let largest = 0;
  for (let index = first; index < first + count; index++) {
    const magnitude = Math.abs(values[index] ?? 0);
    if (magnitude > largest) largest = magnitude;
  }
  return largest < NEGLIGIBLE ? 0 : Math.fround(largest / LARGEST);
}

/** 1.5 * 2^52: adding and taking it away again rounds a double of small magnitude to an integer, half to even. */
const ROUNDER = 6_755_399_441_055_744;

function roundHalfEven(value: number): number {
  return value + ROUNDER - ROUNDER;
}
