/** The turn of a weight's inputs on the host, where bases are made and read: see model/hadamard.ts. */
import type { HadamardBlock } from '../model/hadamard.ts';

/**
 * Multiplies blocks of inputs by the Hadamard matrix, in place; done twice it undoes itself, up to fp32's rounding.
 *
 * @param values fp32 [..., inputs, width], inputs a multiple of the block: width is 1 for rows of inputs, the number of
 *   outputs for a matrix that is stored [inputs, outputs]
 */
export function turnBlocks(values: Float32Array, width: number, block: HadamardBlock): void {
  const length = block * width;
  const factor = 1 / Math.sqrt(block);
  for (let first = 0; first < values.length; first += length) {
    for (let span = width; span < length; span *= 2) {
      const scale = span * 2 === length ? factor : 1;
      for (let pair = first; pair < first + length; pair += span * 2) {
        for (let index = pair; index < pair + span; index++) {
          const low = values[index] ?? 0;
          const high = values[index + span] ?? 0;
          values[index] = (low + high) * scale;
          values[index + span] = (low - high) * scale;
        }
      }
    }
  }
}
