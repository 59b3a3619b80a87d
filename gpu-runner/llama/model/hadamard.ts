/**
 * The turn of a product's inputs: blocks of them times a Hadamard matrix, so that no one channel is far larger than the rest
 * and one scale a row rounds all of them well (QuaRot, Ashkboos et al. 2024). (x H)(H W) = x W, since H is its own inverse.
 */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

/** How many inputs may be turned together. Powers of four, so that the matrix's factor, 1/8 or 1/4, is exact. */
export const HADAMARD_BLOCKS = [64, 16] as const;

export type HadamardBlock = (typeof HADAMARD_BLOCKS)[number];

/**
 * The largest block that divides a number of inputs into several; undefined where none does, and then they are not turned.
 * Several, because the engine has another routine for a product of one row: a last bit would hang on the number of rows.
 */
export function hadamardBlock(inputs: number): HadamardBlock | undefined {
  return HADAMARD_BLOCKS.find((block) => inputs % block === 0 && inputs > block);
}

/** H [block, block] by rows, H[i][j] = (-1)^(bits that i and j share) / sqrt(block); symmetric and its own inverse. */
export function hadamardMatrix(block: HadamardBlock): number[] {
  return Array.from({ length: block ** 2 }, (_, place) => {
    let sign = 1;
    for (let shared = Math.floor(place / block) & (place % block); shared > 0; shared &= shared - 1)
      sign = -sign;
    return sign / Math.sqrt(block);
  });
}

/**
 * x H, block by block along the last axis. A number is a sum over its own block alone, so a row does not depend on others.
 *
 * @param x fp32 or fp16 [..., inputs], inputs a multiple of the block
 */
export function turned(x: Value, block: HadamardBlock): Value {
  const inputs = Number(x.shape.at(-1));
  const blocks = ops.reshape(x, [...x.shape.slice(0, -1), inputs / block, block]);
  return ops.reshape(ops.matMul(blocks, matrixIn(x, block)), x.shape);
}

/** H W: a weight turned, or turned back. @param weight [inputs, outputs] */
export function turnedWeight(weight: Value, block: HadamardBlock): Value {
  const [inputs = 1, outputs = 1] = weight.shape;
  const blocks = ops.reshape(weight, [Number(inputs) / block, block, outputs]);
  return ops.reshape(ops.matMul(matrixIn(weight, block), blocks), weight.shape);
}

function matrixIn({ graph, dtype }: Value, block: HadamardBlock): Value {
  return graph.constant(dtype, hadamardMatrix(block), [block, block]);
}
