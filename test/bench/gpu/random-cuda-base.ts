/** A base of random numbers in its CUDA form: any shape, without a model. */
import { philox4x32 } from '../../../shared/random.ts';
import { float16Bits } from '../../../gpu-runner/tensor/data-type.ts';
import { writeCudaBase } from '../../../gpu-runner/llama/backends/cuda/cuda-base.ts';
import { cudaLayout, ZERO_POINT } from '../../../gpu-runner/llama/backends/cuda/cuda-layout.ts';
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';

/**
 * A base of random 8-bit numbers of this shape, for speed and memory: bytes of a normal distribution over 42 around 128,
 * scales such that a matrix keeps the size of its input.
 *
 * @param seed a non-negative integer below 2^32
 */
export async function writeRandomCudaBase(
  folder: string,
  architecture: Architecture,
  seed: number,
): Promise<string> {
  const pool = randomPool(seed);
  return await writeCudaBase(folder, architecture, async (region, index) => {
    const count = region.shape.reduce((product, size) => product * size, 1);
    if (region.name.endsWith('norm.weight')) return new Uint16Array(count).fill(float16Bits(1));
    if (region.dtype === 'uint8') return cutBytes(pool, count, seed, index);
    const name = region.name.replace(/\.(?:blockScale|channelScale)$/, '');
    const inputs = inputsOf(architecture, `${name}.weight`);
    const residual =
      /output$|down$/.test(name) && name !== 'output' ? 1 / Math.sqrt(2 * architecture.layers) : 1;
    return new Uint16Array(count).fill(float16Bits(residual / Math.sqrt(inputs) / DEVIATION));
  });
}

const DEVIATION = 42;

function inputsOf(architecture: Architecture, name: string): number {
  const [, blocks = 1, block = 1] =
    cudaLayout(architecture).find((region) => region.name === name)?.shape ?? [];
  return blocks * block;
}

/** Bytes that every random tensor is cut from. No power of two, so that no two rows of a matrix are the same. */
const POOL_BYTES = 2 ** 24 + 43;

/** xoshiro128** keyed by Philox from the seed, two table look-ups a word. */
function randomPool(seed: number): Uint8Array {
  const table = normalBytes();
  let [a, b, c, d] = philox4x32([0, 0, 0, 0], [seed, 0x637564]);
  const result = new Uint8Array(POOL_BYTES);
  for (let index = 0; index < POOL_BYTES; index += 2) {
    const product = Math.imul(b, 5);
    const word = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    result[index] = table[word >>> 16] ?? 0;
    if (index + 1 < POOL_BYTES) result[index + 1] = table[word & 0xffff] ?? 0;
  }
  return result;
}

/** The pool round and round, from a place of the tensor's own: a base of 33 GB is written as fast as it is copied. */
function cutBytes(pool: Uint8Array, count: number, seed: number, stream: number): Uint8Array {
  const result = new Uint8Array(count);
  let from = philox4x32([stream, 1, 0, 0], [seed, 0x637564])[0] % pool.length;
  for (let done = 0; done < count; from = 0) {
    const piece = pool.subarray(from, from + count - done);
    result.set(piece, done);
    done += piece.length;
  }
  return result;
}

/** 2^16 bytes around 128 whose distribution is normal: sums of four uniform parts of the index's bits. */
function normalBytes(): Uint8Array {
  return Uint8Array.from({ length: 1 << 16 }, (_, index) => {
    const parts = [index & 15, (index >> 4) & 15, (index >> 8) & 15, index >> 12];
    const sum = parts.reduce((total, part) => total + part - 7.5, 0);
    return Math.max(1, Math.min(255, Math.round(ZERO_POINT + (sum * DEVIATION) / 9.22)));
  });
}
