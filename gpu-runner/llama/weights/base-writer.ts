/** Writes a converted base, tensor by tensor in any order; it appears under its name only when it is whole. */
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Architecture } from '../model/architecture.ts';
import { worked } from '../../../shared/working.ts';
import { hashFile } from '../../files/files.ts';
import {
  BASE_BINARY_FILE,
  BASE_DESCRIPTION_FILE,
  BASE_VERSION,
  type BaseProvenance,
  openBase,
  type BaseFile,
} from './base-file.ts';
import { type BasePrecision, baseLayout, layoutLength, type TensorRegion } from './base-layout.ts';

/** A base being written. Every path ends in {@link finish} or {@link abort}. */
export class BaseWriter {
  readonly precision: BasePrecision;
  readonly #folder: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  readonly #architecture: Architecture;
  readonly #regions: ReadonlyMap<string, TensorRegion>;
  readonly #written = new Map<string, number>();

  private constructor(
    folder: string,
    partial: string,
    handle: FileHandle,
    architecture: Architecture,
    precision: BasePrecision,
    regions: readonly TensorRegion[],
  ) {
    this.precision = precision;
    this.#folder = folder;
    this.#partial = partial;
    this.#handle = handle;
    this.#architecture = architecture;
    this.#regions = new Map(regions.map((region) => [region.name, region]));
  }

  /**
   * Starts a base that will stand at `folder`; its bytes gather in a sibling folder until {@link finish}.
   *
   * @param isTurned whether the inputs of its layers are turned (see {@link baseLayout}); what is rounded profits
   */
  static async create(
    folder: string,
    architecture: Architecture,
    precision: BasePrecision,
    isTurned = precision === 'int8',
  ): Promise<BaseWriter> {
    await mkdir(path.dirname(folder), { recursive: true });
    const partial = await mkdtemp(`${folder}.partial-`);
    const handle = await open(path.join(partial, BASE_BINARY_FILE), 'w');
    const regions = baseLayout(architecture, precision, isTurned);
    await handle.truncate(layoutLength(regions));
    return new BaseWriter(folder, partial, handle, architecture, precision, regions);
  }

  /** Folder in which the caller may put files that belong to the base (its tokenizer) before {@link finish}. */
  get partialFolder(): string {
    return this.#partial;
  }

  region(name: string): TensorRegion {
    const region = this.#regions.get(name);
    if (region === undefined) throw new RangeError(`${name} is not a tensor of a ${this.precision} base`);
    return region;
  }

  /**
   * Writes a tensor or a part of it.
   *
   * @param values row-major elements of the tensor's dtype
   * @param element index of the first of them in the tensor
   */
  async write(name: string, values: Int8Array | Float32Array, element = 0): Promise<void> {
    const region = this.region(name);
    const width = values.BYTES_PER_ELEMENT;
    if ((region.dtype === 'int8') !== (width === 1)) throw new TypeError(`${name} is ${region.dtype}`);
    const first = element * width;
    if (first + values.byteLength > region.length)
      throw new RangeError(`${values.length} elements overrun ${name}`);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length;) {
      const count = Math.min(1 << 30, bytes.length - done);
      const { bytesWritten } = await this.#handle.write(bytes, done, count, region.offset + first + done);
      done += bytesWritten;
      worked();
    }
    this.#written.set(name, (this.#written.get(name) ?? 0) + bytes.length);
  }

  /** Seals the base: every tensor must have been written. A base that is already there is left and opened. */
  async finish(provenance: BaseProvenance): Promise<BaseFile> {
    for (const region of this.#regions.values()) {
      const written = this.#written.get(region.name) ?? 0;
      if (written !== region.length) {
        throw new RangeError(`${region.name}: ${written} of ${region.length} bytes were written`);
      }
    }
    await this.#handle.sync();
    await this.#handle.close();
    const binary = path.join(this.#partial, BASE_BINARY_FILE);
    const regions = [...this.#regions.values()];
    const description = {
      format: 'rlcd-base',
      version: BASE_VERSION,
      precision: this.precision,
      architecture: this.#architecture,
      tensors: regions,
      binary: { length: layoutLength(regions), sha256: await hashFile(binary) },
      provenance,
    };
    const file = await open(path.join(this.#partial, BASE_DESCRIPTION_FILE), 'w');
    await file.writeFile(`${JSON.stringify(description, null, 1)}\n`);
    await file.sync();
    await file.close();
    try {
      await rename(this.#partial, this.#folder);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      await rm(this.#partial, { recursive: true });
    }
    return await openBase(this.#folder);
  }

  /** Drops what was written. */
  async abort(): Promise<void> {
    await this.#handle.close();
    await rm(this.#partial, { recursive: true, force: true });
  }
}
