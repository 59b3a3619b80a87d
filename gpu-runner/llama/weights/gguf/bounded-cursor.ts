/** Reads the little-endian numbers and texts of a header from a file, piece by piece, never past its end or a limit. */
import type { FileHandle } from 'node:fs/promises';
import { readExactly } from '../../../files/files.ts';
import { ModelFileError } from '../../../files/model-file-error.ts';

/** Bytes fetched at a time. */
const PIECE_BYTES = 1 << 20;

/** A header longer than this is no model's: the largest vocabularies take some 20 MB. */
const MAXIMUM_HEADER_BYTES = 256 << 20;

const LONGEST_TEXT = 16 << 20;

const CURE = 'Fetch the file again, or convert the model again with the current llama.cpp';

/** A place in a header that moves on with every value read. Each reader is told which field it reads, for its errors. */
export class BoundedCursor {
  readonly #handle: FileHandle;
  readonly #file: string;
  /** No byte at or beyond it is read. */
  readonly #end: number;
  readonly #fileBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  /** Place in the file of the buffer's first byte. */
  #base = 0;
  /** The next byte, counted from {@link #base}. */
  #at = 0;

  constructor(handle: FileHandle, file: string, fileBytes: number) {
    this.#handle = handle;
    this.#file = file;
    this.#fileBytes = fileBytes;
    this.#end = Math.min(fileBytes, MAXIMUM_HEADER_BYTES);
  }

  /** Place of the next byte in the file. */
  get position(): number {
    return this.#base + this.#at;
  }

  /** The error of a field of this header. */
  refuse(field: string, fault: string, cure = CURE, options?: ErrorOptions): ModelFileError {
    return new ModelFileError(this.#file, field, fault, cure, options);
  }

  /** Refuses what cannot stand in the rest of the file, before memory is asked for. */
  expect(bytes: number, field: string): void {
    if (this.position + bytes <= this.#end) return;
    throw this.#end < this.#fileBytes
      ? this.refuse(field, `ends beyond the ${MAXIMUM_HEADER_BYTES} bytes that a header may have`)
      : this.refuse(field, `asks for ${bytes} bytes, the file has ${this.#end - this.position} left`);
  }

  async uint32(field: string): Promise<number> {
    const at = await this.#take(4, field);
    return this.#view.getUint32(at, true);
  }

  /** A 64-bit count, length or offset; refused beyond 2^53. */
  async uint64(field: string): Promise<number> {
    const at = await this.#take(8, field);
    return this.#exact(this.#view.getBigUint64(at, true), field);
  }

  /** A number of one of the header's scalar types. */
  async number(type: NumberType, field: string): Promise<number> {
    const at = await this.#take(numberBytes[type], field);
    return this.#numberAt(type, at, field);
  }

  /** `count` numbers, in as many bytes as the file has them in. */
  async numbers(type: NumberType, count: number, field: string): Promise<NumberArray> {
    const width = numberBytes[type];
    this.expect(count * width, field);
    const values = new arrayOf[type](count);
    for (let index = 0; index < count; index++) {
      const ready = this.#ready(width);
      const at = ready === -1 ? await this.#take(width, field) : ready;
      values[index] = this.#numberAt(type, at, field);
    }
    return values;
  }

  /** UTF-8 text after its length. */
  async text(field: string, longest = LONGEST_TEXT): Promise<string> {
    return await this.#textOf(await this.uint64(field), field, longest);
  }

  /** `count` texts. */
  async texts(count: number, field: string): Promise<string[]> {
    this.expect(count * 8, field);
    const texts: string[] = [];
    for (let index = 0; index < count; index++) {
      // Most texts are in the buffer already; only the others wait for the file.
      const ready = this.#ready(8);
      const length =
        ready === -1
          ? await this.uint64(`${field}[${index}]`)
          : this.#exact(this.#view.getBigUint64(ready, true), field);
      const start = length > PIECE_BYTES ? -1 : this.#ready(length);
      texts.push(
        start === -1
          ? await this.#textOf(length, `${field}[${index}]`, LONGEST_TEXT)
          : this.#decode(start, length, field),
      );
    }
    return texts;
  }

  async #textOf(length: number, field: string, longest: number): Promise<string> {
    if (length > longest)
      throw this.refuse(field, `is a text of ${length} bytes, at most ${longest} can be right`);
    return this.#decode(await this.#take(length, field), length, field);
  }

  #decode(start: number, length: number, field: string): string {
    try {
      return this.#decoder.decode(this.#buffer.subarray(start, start + length));
    } catch (error) {
      throw this.refuse(field, 'is not UTF-8 text', CURE, { cause: error });
    }
  }

  #numberAt(type: NumberType, at: number, field: string): number {
    const value = readNumber[type](this.#view, at);
    return typeof value === 'bigint' ? this.#exact(value, field) : value;
  }

  #exact(value: bigint, field: string): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.refuse(field, `is ${value}, larger than any file has`);
    return number;
  }

  /** Place in the buffer of the next `bytes`, passing them; -1 where they are not there yet. */
  #ready(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#buffer.length) return -1;
    this.#at = at + bytes;
    return at;
  }

  async #take(bytes: number, field: string): Promise<number> {
    const ready = this.#ready(bytes);
    if (ready !== -1) return ready;
    this.expect(bytes, field);
    const length = Math.min(Math.max(bytes, PIECE_BYTES), this.#end - this.position);
    const buffer = new Uint8Array(length);
    await readExactly(this.#handle, this.#file, this.position, buffer, field);
    this.#base = this.position;
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
    this.#at = bytes;
    return 0;
  }
}

/** Scalar types of the format that are numbers. */
export type NumberType = keyof typeof numberBytes;

/** Numbers of any width. */
export type NumberArray = InstanceType<(typeof arrayOf)[NumberType]>;

const arrayOf = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  bool: Uint8Array,
  uint64: Float64Array,
  int64: Float64Array,
  float64: Float64Array,
} as const;

export const numberBytes = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  uint64: 8,
  int64: 8,
  float64: 8,
} as const;

const readNumber: Readonly<Record<NumberType, (view: DataView, at: number) => number | bigint>> = {
  uint8: (view, at) => view.getUint8(at),
  int8: (view, at) => view.getInt8(at),
  uint16: (view, at) => view.getUint16(at, true),
  int16: (view, at) => view.getInt16(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int32: (view, at) => view.getInt32(at, true),
  float32: (view, at) => view.getFloat32(at, true),
  bool: (view, at) => view.getUint8(at),
  uint64: (view, at) => view.getBigUint64(at, true),
  int64: (view, at) => view.getBigInt64(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};
