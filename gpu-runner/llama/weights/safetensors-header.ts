/** The header of a safetensors file: which tensors lie where, checked before anything else is read. */
import { parseJsonObject } from '../../files/files.ts';
import { duplicateTopLevelKey } from '../../files/json-keys.ts';
import { ModelFileError } from '../../files/model-file-error.ts';

/** Bytes before the header: its length as a little-endian 64-bit number. */
export const PREFIX_BYTES = 8;

/** A LLaMA of 80 layers needs 100 kB. */
const MAXIMUM_HEADER_BYTES = 16 * 1024 * 1024;

const cure = 'Fetch the file again or save the checkpoint again with the safetensors library';

const elementSizes: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['I64', 8],
  ['I32', 4],
  ['I16', 2],
  ['I8', 1],
  ['U64', 8],
  ['U32', 4],
  ['U16', 2],
  ['U8', 1],
  ['BOOL', 1],
]);

export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

/**
 * Length of the header from the first eight bytes.
 *
 * @throws ModelFileError if it cannot be that of a file of `fileBytes`
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < PREFIX_BYTES)
    throw new ModelFileError(file, 'header', `the file has only ${fileBytes} bytes`, cure);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(fileBytes - PREFIX_BYTES)) {
    throw new ModelFileError(file, 'header', `says it has ${length} bytes, the file has ${fileBytes}`, cure);
  }
  if (length > MAXIMUM_HEADER_BYTES) {
    throw new ModelFileError(file, 'header', `has ${length} bytes, more than ${MAXIMUM_HEADER_BYTES}`, cure);
  }
  return Number(length);
}

/** Parses and checks a header: types, shapes, and that the tensors tile the rest of the file exactly. */
export function parseHeader(bytes: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const value = parseJsonObject(bytes, file, 'header', cure);
  const duplicate = duplicateTopLevelKey(new TextDecoder().decode(bytes));
  if (duplicate !== null) throw new ModelFileError(file, duplicate, 'stands twice in the header', cure);
  const dataStart = PREFIX_BYTES + bytes.length;
  const entries: SafetensorsEntry[] = [];
  for (const [name, description] of Object.entries(value)) {
    if (name !== '__metadata__') entries.push(parseEntry(name, description, dataStart, file));
  }
  checkTiling(entries, dataStart, fileBytes, file);
  return {
    metadata: parseMetadata(value['__metadata__'], file),
    entries: new Map(entries.map((entry) => [entry.name, entry])),
  };
}

function parseMetadata(value: unknown, file: string): Map<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) {
    throw new ModelFileError(file, '__metadata__', 'is not an object', cure);
  }
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string')
        throw new ModelFileError(file, `__metadata__.${key}`, 'is not a string', cure);
      return [key, text];
    }),
  );
}

function parseEntry(name: string, description: unknown, dataStart: number, file: string): SafetensorsEntry {
  const refuse = (fault: string): never => {
    throw new ModelFileError(file, name, fault, cure);
  };
  if (typeof description !== 'object' || description === null) return refuse('has no description');
  const { dtype, shape, data_offsets: offsets } = description as Record<string, unknown>;
  const elementSize = typeof dtype === 'string' ? elementSizes.get(dtype) : undefined;
  if (typeof dtype !== 'string' || elementSize === undefined)
    return refuse(`has an unknown dtype ${String(dtype)}`);
  if (!isSizes(shape) || shape.length > 8) return refuse('has a shape that is not a short list of sizes');
  if (!isSizes(offsets) || offsets.length !== 2)
    return refuse('has data_offsets that are not two byte positions');
  const [begin = 0, end = 0] = offsets;
  const length = shape.reduce((product, size) => product * size, elementSize);
  if (length !== end - begin) {
    return refuse(
      `${dtype} of shape [${shape.join(', ')}] takes ${length} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, offset: dataStart + begin, length };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkTiling(
  entries: readonly SafetensorsEntry[],
  dataStart: number,
  fileBytes: number,
  file: string,
): void {
  let end = dataStart;
  let previous = 'the header';
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (entry.offset < end) throw new ModelFileError(file, entry.name, `overlaps ${previous}`, cure);
    if (entry.offset > end) {
      throw new ModelFileError(
        file,
        entry.name,
        `leaves ${entry.offset - end} bytes unclaimed after ${previous}`,
        cure,
      );
    }
    end = entry.offset + entry.length;
    previous = entry.name;
    if (end > fileBytes) {
      throw new ModelFileError(file, entry.name, `ends at byte ${end}, the file has ${fileBytes}`, cure);
    }
  }
  if (end !== fileBytes) {
    throw new ModelFileError(file, null, `has ${fileBytes - end} bytes that belong to no tensor`, cure);
  }
}
