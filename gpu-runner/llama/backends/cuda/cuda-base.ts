/** Writes the CUDA form of a base: once from a converted 8-bit base, cached by its hash, or random for a bench. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { philox4x32 } from '../../../../shared/random.ts';
import { float16Bits } from '../../../tensor/data-type.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { CUDA_BINARY_FILE, CudaFormError, type CudaRegion, cudaLayout, ZERO_POINT } from './weight-form.ts';

/** Goes up when the same base would give other bytes. */
const FORM_VERSION = 1;

/**
 * The folder with the CUDA form of a base; it is made when it is not there yet. The 8-bit numbers stay what they are, the
 * scales are rounded to fp16.
 */
export async function cudaFolder(base: BaseFile, cacheDirectory: string): Promise<string> {
  if (base.precision !== 'int8') {
    throw new CudaFormError(`the base in ${base.folder} is ${base.precision}: open the model as int8`);
  }
  const key = createHash('sha256').update(`${FORM_VERSION} ${base.sha256}`).digest('hex');
  return await writeOnce(path.join(cacheDirectory, 'cuda', key), base.architecture, async (region) => {
    const name = region.name.replace(/\.(?:weight|blockScale|channelScale)$/, '');
    if (name.endsWith('norm')) return halves(await base.readFloat32(region.name));
    if (region.name.endsWith('.weight')) return await unsignedWeight(base, name, region);
    const scales = halves(await base.readFloat32(`${name}.scale`));
    return region.name.endsWith('.channelScale') ? scales : repeated(scales, region.shape[1] ?? 1);
  });
}

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
  return await writeOnce(folder, architecture, async (region, index) => {
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

/** Fills a folder region by region; it appears under its name when it is whole, and one that is there is kept. */
async function writeOnce(
  folder: string,
  architecture: Architecture,
  content: (region: CudaRegion, index: number) => Promise<Uint8Array | Uint16Array>,
): Promise<string> {
  const regions = cudaLayout(architecture);
  const last = regions.at(-1);
  const length = last === undefined ? 0 : last.offset + last.length;
  if ((await sizeOf(path.join(folder, CUDA_BINARY_FILE))) === length) return folder;
  const partial = `${folder}.partial-${randomUUID()}`;
  await mkdir(partial, { recursive: true });
  try {
    const handle = await open(path.join(partial, CUDA_BINARY_FILE), 'w');
    try {
      for (const [index, region] of regions.entries())
        await writeAt(handle, region, await content(region, index));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was faster: its bytes are the same.
    if ((await sizeOf(path.join(folder, CUDA_BINARY_FILE))) !== length) throw error;
  }
  return folder;
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function writeAt(
  handle: FileHandle,
  region: CudaRegion,
  values: Uint8Array | Uint16Array,
): Promise<void> {
  if (values.byteLength !== region.length) {
    throw new RangeError(`${region.name}: ${values.byteLength} bytes for a region of ${region.length}`);
  }
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let done = 0; done < bytes.length;) {
    const count = Math.min(1 << 30, bytes.length - done);
    done += (await handle.write(bytes, done, count, region.offset + done)).bytesWritten;
  }
}

/** The base's s8 [inputs, outputs] (an embedding: [rows, inputs]) as u8 [outputs, inputs]. */
async function unsignedWeight(base: BaseFile, name: string, region: CudaRegion): Promise<Uint8Array> {
  const values = await base.readInt8(`${name}.weight`);
  const result = new Uint8Array(values.length);
  const outputs = region.shape[0] ?? 1;
  const inputs = values.length / outputs;
  if (name === 'embedding') {
    for (let index = 0; index < values.length; index++) result[index] = (values[index] ?? 0) + ZERO_POINT;
    return result;
  }
  // By tiles, so that neither side is read against its rows for long.
  const tile = 64;
  for (let first = 0; first < inputs; first += tile) {
    for (let output = 0; output < outputs; output++) {
      for (let input = first; input < Math.min(inputs, first + tile); input++) {
        result[output * inputs + input] = (values[input * outputs + output] ?? 0) + ZERO_POINT;
      }
    }
  }
  return result;
}

function halves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, float16Bits);
}

function repeated(values: Uint16Array, times: number): Uint16Array {
  const result = new Uint16Array(values.length * times);
  values.forEach((value, index) => result.fill(value, index * times, (index + 1) * times));
  return result;
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
