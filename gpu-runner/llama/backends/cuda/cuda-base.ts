/** Writes the CUDA form of a base, once from the converted 8-bit base, cached by its hash. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelCache, type Release } from '../../../files/model-cache.ts';
import { float16Bits } from '../../../tensor/data-type.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { CUDA_BINARY_FILE, CudaLayoutError, type CudaRegion, cudaLayout, ZERO_POINT } from './cuda-layout.ts';

/** Goes up when the same base would give other bytes. */
const LAYOUT_VERSION = 1;

/** The CUDA form of a base in the cache, which keeps it until it is released. */
interface CudaBase {
  readonly folder: string;
  readonly release: Release;
}

/**
 * The folder with the CUDA form of a base; it is made when it is not there yet. The 8-bit numbers stay what they are, the
 * scales are rounded to fp16.
 */
export async function openCudaBase(base: BaseFile, cacheDirectory: string): Promise<CudaBase> {
  if (base.precision !== 'int8') {
    throw new CudaLayoutError(`the base in ${base.folder} is ${base.precision}: open the model as int8`);
  }
  const key = createHash('sha256').update(`${LAYOUT_VERSION} ${base.identity}`).digest('hex');
  const cache = new ModelCache(cacheDirectory);
  const release = cache.use('cuda', key);
  try {
    await cache.makeRoom('cuda', key, lengthOf(cudaLayout(base.architecture)));
    return { folder: await convert(base, cache.folderOf('cuda', key)), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function convert(base: BaseFile, folder: string): Promise<string> {
  return await writeCudaBase(folder, base.architecture, async (region) => {
    const name = region.name.replace(/\.(?:weight|blockScale|channelScale)$/, '');
    if (region.dtype === 'uint8') return await unsignedWeight(base, name, region);
    if (!region.name.endsWith('Scale')) return halves(await base.readFloat32(region.name));
    const scales = halves(await base.readFloat32(`${name}.scale`));
    return region.name.endsWith('.channelScale') ? scales : repeated(scales, region.shape[1] ?? 1);
  });
}

function lengthOf(regions: readonly CudaRegion[]): number {
  const last = regions.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}

/** Fills a folder region by region; it appears under its name when it is whole, and one that is there is kept. */
export async function writeCudaBase(
  folder: string,
  architecture: Architecture,
  content: (region: CudaRegion, index: number) => Promise<Uint8Array | Uint16Array>,
): Promise<string> {
  const regions = cudaLayout(architecture);
  const length = lengthOf(regions);
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
