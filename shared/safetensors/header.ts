/** The header of a safetensors file: which tensors lie where, checked before anything else is read. */
import { duplicateTopLevelKey } from './json-keys.ts';

/**
 * Makes the reader's own error of a fault, so that it names its file and its cure.
 *
 * @param field the tensor or the part at fault; null: the file as a whole
 */
export type Refuse = (field: string | null, fault: string, options?: ErrorOptions) => Error;

/** Bytes before the header: its length as a little-endian 64-bit number. */
export const PREFIX_BYTES = 8;

/** A LLaMA of 80 layers needs 100 kB. */
const MAXIMUM_HEADER_BYTES = 16 * 1024 * 1024;

export const elementSizes: ReadonlyMap<string, number> = new Map([
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
 * @throws what `refuse` makes if it cannot be that of a file of `fileBytes`
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, refuse: Refuse): number {
  if (fileBytes < PREFIX_BYTES) throw refuse('header', `the file has only ${fileBytes} bytes`);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(fileBytes - PREFIX_BYTES)) {
    throw refuse('header', `says it has ${length} bytes, the file has ${fileBytes}`);
  }
  if (length > MAXIMUM_HEADER_BYTES) {
    throw refuse('header', `has ${length} bytes, more than ${MAXIMUM_HEADER_BYTES}`);
  }
  return Number(length);
}

/** Parses and checks a header: types, shapes, and that the tensors tile the rest of the file exactly. */
export function parseHeader(bytes: Uint8Array, fileBytes: number, refuse: Refuse): SafetensorsHeader {
  const { text, value } = parseObject(bytes, refuse);
  const duplicate = duplicateTopLevelKey(text);
  if (duplicate !== null) throw refuse(duplicate, 'stands twice in the header');
  const dataStart = PREFIX_BYTES + bytes.length;
  const entries: SafetensorsEntry[] = [];
  for (const [name, description] of Object.entries(value)) {
    if (name !== '__metadata__') entries.push(parseEntry(name, description, dataStart, refuse));
  }
  checkTiling(entries, dataStart, fileBytes, refuse);
  return {
    metadata: parseMetadata(value['__metadata__'], refuse),
    entries: new Map(entries.map((entry) => [entry.name, entry])),
  };
}

function parseObject(bytes: Uint8Array, refuse: Refuse): { text: string; value: Record<string, unknown> } {
  let text = '';
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('header', cause instanceof TypeError ? 'is not UTF-8 text' : 'is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('header', 'is not a JSON object');
  }
  return { text, value: value as Record<string, unknown> };
}

function parseMetadata(value: unknown, refuse: Refuse): Map<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) {
    throw refuse('__metadata__', 'is not an object');
  }
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string') throw refuse(`__metadata__.${key}`, 'is not a string');
      return [key, text];
    }),
  );
}

function parseEntry(name: string, description: unknown, dataStart: number, refuse: Refuse): SafetensorsEntry {
  const fail = (fault: string): never => {
    throw refuse(name, fault);
  };
  if (typeof description !== 'object' || description === null) return fail('has no description');
  const { dtype, shape, data_offsets: offsets } = description as Record<string, unknown>;
  const elementSize = typeof dtype === 'string' ? elementSizes.get(dtype) : undefined;
  if (typeof dtype !== 'string' || elementSize === undefined)
    return fail(`has an unknown dtype ${String(dtype)}`);
  if (!isSizes(shape) || shape.length > 8) return fail('has a shape that is not a short list of sizes');
  if (!isSizes(offsets) || offsets.length !== 2)
    return fail('has data_offsets that are not two byte positions');
  const [begin = 0, end = 0] = offsets;
  const length = shape.reduce((product, size) => product * size, elementSize);
  if (length !== end - begin) {
    return fail(
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
  refuse: Refuse,
): void {
  let end = dataStart;
  let previous = 'the header';
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (entry.offset < end) throw refuse(entry.name, `overlaps ${previous}`);
    if (entry.offset > end) {
      throw refuse(entry.name, `leaves ${entry.offset - end} bytes unclaimed after ${previous}`);
    }
    end = entry.offset + entry.length;
    previous = entry.name;
    if (end > fileBytes) {
      throw refuse(entry.name, `ends at byte ${end}, the file has ${fileBytes}`);
    }
  }
  if (end !== fileBytes) {
    throw refuse(`the end, after ${previous}`, `has ${fileBytes - end} bytes that belong to no tensor`);
  }
}
