/** A converted base on disk: a folder with base.json (what it is) and base.bin (its tensors), read by region. */
import path from 'node:path';
import { z } from 'zod';
import { type Architecture, validateArchitecture } from '../model/architecture.ts';
import {
  checkedBy,
  exists,
  hashFile,
  readExactly,
  readJsonFile,
  sizeOfFile,
  withFile,
} from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { HADAMARD_BLOCKS } from '../model/hadamard.ts';
import { readCompanions, TOKENIZER_FILE } from '../tokenizer/companions.ts';
import { modelIdentity } from './model-identity.ts';
import { turnBlocks } from './turn-blocks.ts';
import { type BasePrecision, baseLayout, layoutLength, type TensorRegion } from './base-layout.ts';

export const BASE_VERSION = 3;
export const BASE_DESCRIPTION_FILE = 'base.json';
export const BASE_BINARY_FILE = 'base.bin';

const MAXIMUM_DESCRIPTION_BYTES = 16 * 1024 * 1024;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().min(0);

const provenanceSchema = z.strictObject({
  /** What the base was made from. */
  origin: z.enum(['huggingface', 'gguf', 'llama2.c', 'random', 'trained']),
  /** Name of the source: a folder or file name, a hub id, or how it was generated. */
  source: z.string().max(1024),
  /** Where it was opened from: a hub id with its revision, or an absolute path. For people and PEFT, part of no identity. */
  location: z.string().max(4096).optional(),
  /** The source's files by hash; empty when it was generated here. */
  files: z.array(z.strictObject({ name: z.string().max(1024), bytes: size, sha256 })).max(10_000),
});

/** Where a base came from, kept with it. */
export type BaseProvenance = z.infer<typeof provenanceSchema>;

const baseDescriptionSchema = z.strictObject({
  format: z.literal('rlcd-base'),
  version: z.literal(BASE_VERSION),
  precision: z.enum(['int8', 'fp32']),
  architecture: z.unknown(),
  tensors: z
    .array(
      z.strictObject({
        name: z.string().max(256),
        dtype: z.enum(['int8', 'float32']),
        shape: z.array(size).max(4),
        offset: size,
        length: size,
        hadamard: z.literal(HADAMARD_BLOCKS).optional(),
      }),
    )
    .max(100_000),
  binary: z.strictObject({ length: size, sha256 }),
  provenance: provenanceSchema,
});

const cure = 'Delete the folder and import the model again';

/** An opened base. Nothing is loaded until a tensor is read; graphs point their external data at the regions. */
export class BaseFile {
  readonly folder: string;
  /** Path of base.bin; region offsets count from its start. */
  readonly binaryPath: string;
  readonly architecture: Architecture;
  readonly precision: BasePrecision;
  readonly regions: readonly TensorRegion[];
  /** SHA-256 of base.bin as its description states it; {@link verify} compares it with the bytes. */
  readonly sha256: string;
  /** Names the model: see {@link modelIdentity}. It is true of the bytes once {@link verify} has passed. */
  readonly identity: string;
  readonly provenance: BaseProvenance;
  readonly #byName: ReadonlyMap<string, TensorRegion>;

  /** Use {@link openBase}. */
  constructor(
    folder: string,
    architecture: Architecture,
    precision: BasePrecision,
    hash: string,
    identity: string,
    provenance: BaseProvenance,
    regions: readonly TensorRegion[],
  ) {
    this.folder = folder;
    this.binaryPath = path.join(folder, BASE_BINARY_FILE);
    this.architecture = architecture;
    this.precision = precision;
    this.regions = regions;
    this.sha256 = hash;
    this.identity = identity;
    this.provenance = provenance;
    this.#byName = new Map(this.regions.map((region) => [region.name, region]));
  }

  /** @throws ModelFileError if this base has no tensor of that name */
  region(name: string): TensorRegion {
    const region = this.#byName.get(name);
    if (region === undefined) {
      throw new ModelFileError(
        this.binaryPath,
        name,
        'this base has no such tensor',
        'Ask for a name of its layout',
      );
    }
    return region;
  }

  /** Whether its matrices hold H W in place of W (see {@link baseLayout}). */
  get isTurned(): boolean {
    return this.regions.some(({ hadamard }) => hadamard !== undefined);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** An 8-bit tensor, row-major in the region's shape. @throws ModelFileError if the tensor is fp32 */
  async readInt8(name: string): Promise<Int8Array> {
    const bytes = await this.#read(name, 'int8');
    return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An fp32 tensor, row-major in the region's shape. @throws ModelFileError if the tensor is 8-bit */
  async readFloat32(name: string): Promise<Float32Array> {
    const bytes = await this.#read(name, 'float32');
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  /** A weight in fp32 whatever the precision: 8-bit values are multiplied by their scale, turned inputs turned back. */
  async readDequantised(name: string): Promise<Float32Array> {
    const region = this.region(name);
    if (region.dtype === 'float32') return await this.readFloat32(name);
    const values = await this.readInt8(name);
    const scales = await this.readFloat32(name.replace(/weight$/, 'scale'));
    const columns = region.shape[1] ?? 0;
    const byRow = name === 'embedding.weight';
    const result = new Float32Array(values.length);
    for (let row = 0, index = 0; index < values.length; row++) {
      for (let column = 0; column < columns; column++, index++) {
        result[index] = (values[index] ?? 0) * (scales[byRow ? row : column] ?? 0);
      }
    }
    if (region.hadamard !== undefined) turnBlocks(result, byRow ? 1 : columns, region.hadamard);
    return result;
  }

  /**
   * Compares base.bin with the stated hash.
   *
   * @param hashOf reads the whole file, or knows that it has not changed since it did
   * @throws ModelFileError if they differ
   */
  async verify(hashOf: (file: string) => Promise<string> = hashFile): Promise<void> {
    const found = await hashOf(this.binaryPath);
    if (found !== this.sha256) {
      throw new ModelFileError(
        this.binaryPath,
        null,
        `has SHA-256 ${found}, its description says ${this.sha256}`,
        cure,
      );
    }
  }

  async #read(name: string, dtype: TensorRegion['dtype']): Promise<Uint8Array> {
    const region = this.region(name);
    if (region.dtype !== dtype) {
      throw new ModelFileError(
        this.binaryPath,
        name,
        `is ${region.dtype}, not ${dtype}`,
        'Read it as what it is',
      );
    }
    const bytes = new Uint8Array(region.length);
    await withFile(this.binaryPath, async (handle) => {
      await readExactly(handle, this.binaryPath, region.offset, bytes, name);
    });
    return bytes;
  }
}

/**
 * Opens a converted base: checks its description, the layout that follows from its architecture and the size of
 * base.bin. The bytes themselves are checked by {@link BaseFile.verify}.
 *
 * @throws ModelFileError
 */
export async function openBase(folder: string): Promise<BaseFile> {
  const file = path.join(folder, BASE_DESCRIPTION_FILE);
  const description = checkedBy(
    baseDescriptionSchema,
    await readJsonFile(file, MAXIMUM_DESCRIPTION_BYTES, cure),
    file,
    cure,
  );
  const architecture = validateArchitecture(description.architecture, file);
  const { precision, binary, provenance } = description;
  const companions = (await exists(path.join(folder, TOKENIZER_FILE))) ? await readCompanions(folder) : null;
  const isTurned = description.tensors.some(({ hadamard }) => hadamard !== undefined);
  const identity = modelIdentity(binary.sha256, precision, isTurned, architecture, companions);
  const regions = baseLayout(architecture, precision, isTurned);
  const base = new BaseFile(folder, architecture, precision, binary.sha256, identity, provenance, regions);
  if (JSON.stringify(description.tensors) !== JSON.stringify(base.regions)) {
    throw new ModelFileError(file, 'tensors', 'do not follow from the architecture', cure);
  }
  const length = layoutLength(base.regions);
  if (binary.length !== length) {
    throw new ModelFileError(
      file,
      'binary.length',
      `is ${binary.length}, the tensors take ${length} bytes`,
      cure,
    );
  }
  const found = await sizeOfFile(base.binaryPath, cure);
  if (found !== length)
    throw new ModelFileError(base.binaryPath, null, `has ${found} bytes, not ${length}`, cure);
  return base;
}
