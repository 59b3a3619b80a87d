/** Reads weights from safetensors, from a file part by part or from bytes in memory. */
import { type FileHandle } from 'node:fs/promises';
import { type CheckpointDtype, decodeElements, elementBytes, firstNotFinite } from './element-types.ts';
import type { Scratch } from './scratch.ts';
import { readExactly } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { openRegularFile } from '../../files/regular-file.ts';
import {
  headerLength,
  parseHeader,
  PREFIX_BYTES,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type Refuse,
} from '../../../shared/safetensors/header.ts';

const HEADER_CURE = 'Fetch the file again or save the checkpoint again with the safetensors library';

/** Fills `target` from byte `offset`. */
type ReadBytes = (offset: number, target: Uint8Array, what: string) => Promise<void>;

/** An opened safetensors file: its header is checked, its tensors are read on demand. */
export class SafetensorsReader {
  /** Path, or the name that errors use. */
  readonly file: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly #read: ReadBytes;
  readonly #handle: FileHandle | null;

  /** Use {@link openSafetensors} or {@link parseSafetensors}. */
  constructor(file: string, header: SafetensorsHeader, read: ReadBytes, handle: FileHandle | null) {
    this.file = file;
    this.metadata = header.metadata;
    this.entries = header.entries;
    this.#read = read;
    this.#handle = handle;
  }

  /**
   * Elements of a tensor in fp32.
   *
   * @param first index of the first element, row-major
   * @param count how many; all from `first` on when left out
   * @param scratch memory for them, where they are done with before the next read into it
   * @throws ModelFileError if the tensor is absent, not fp32, fp16 or bf16, or holds a number that is not finite
   */
  async readElements(name: string, first = 0, count?: number, scratch?: Scratch): Promise<Float32Array> {
    const entry = this.entry(name);
    const dtype = checkpointDtype(entry, this.file);
    const width = elementBytes[dtype];
    const total = entry.length / width;
    const wanted = count ?? total - first;
    if (first < 0 || wanted < 0 || first + wanted > total)
      throw new RangeError(`${name}: ${first} + ${wanted} elements`);
    const bytes = scratch?.stored(wanted * width) ?? new Uint8Array(wanted * width);
    await this.#read(entry.offset + first * width, bytes, name);
    const values = decodeElements(dtype, bytes, scratch?.read(wanted));
    const bad = firstNotFinite(values);
    if (bad !== -1) {
      const fault = `holds ${values[bad]} at element ${first + bad}`;
      throw new ModelFileError(this.file, name, fault, 'Weights must be finite; use another checkpoint');
    }
    return values;
  }

  /** @throws ModelFileError if there is no tensor of that name */
  entry(name: string): SafetensorsEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) {
      throw new ModelFileError(
        this.file,
        name,
        'is not in the file',
        'Use the complete file of this model or adapter',
      );
    }
    return entry;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

function checkpointDtype(entry: SafetensorsEntry, file: string): CheckpointDtype {
  const { dtype } = entry;
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
  throw new ModelFileError(file, entry.name, `is stored as ${dtype}`, 'Save the weights as F32, F16 or BF16');
}

/** Opens a file and checks its header. Close the reader after use. @throws ModelFileError */
export async function openSafetensors(file: string): Promise<SafetensorsReader> {
  const { handle, bytes } = await openRegularFile(file, 'Check the path of the weights');
  const read: ReadBytes = (offset, target, what) => readExactly(handle, file, offset, target, what);
  try {
    return new SafetensorsReader(file, await readHeader(read, bytes, file), read, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same over bytes in memory. @param name what errors call them @throws ModelFileError */
export async function parseSafetensors(bytes: Uint8Array, name: string): Promise<SafetensorsReader> {
  const read: ReadBytes = async (offset, target) =>
    target.set(bytes.subarray(offset, offset + target.length));
  return new SafetensorsReader(name, await readHeader(read, bytes.length, name), read, null);
}

async function readHeader(read: ReadBytes, fileBytes: number, file: string): Promise<SafetensorsHeader> {
  const prefix = new Uint8Array(PREFIX_BYTES);
  if (fileBytes >= PREFIX_BYTES) await read(0, prefix, 'header');
  const refuse: Refuse = (field, fault, options) =>
    new ModelFileError(file, field, fault, HEADER_CURE, options);
  const header = new Uint8Array(headerLength(prefix, fileBytes, refuse));
  await read(PREFIX_BYTES, header, 'header');
  return parseHeader(header, fileBytes, refuse);
}
