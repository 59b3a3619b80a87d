/** The header of a GGUF file (versions 2 and 3): metadata and the table of tensors, every length checked before it is used. */
import type { FileHandle } from 'node:fs/promises';
import { BoundedCursor, type NumberArray, numberBytes, type NumberType } from './bounded-cursor.ts';
import { tensorTypes, type TensorType } from './tensor-types.ts';

/** A value of the metadata. */
export type MetadataValue = number | boolean | string | NumberArray | readonly string[];

/** A tensor of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly type: TensorType;
  /** Fastest dimension first, as the file has it: [columns, rows]. */
  readonly dimensions: readonly number[];
  /** Place in the file, in bytes. */
  readonly offset: number;
  readonly bytes: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

const MAGIC = 0x46554747;
const MAXIMUM_KEYS = 1 << 16;
const MAXIMUM_TENSORS = 1 << 17;
const MAXIMUM_ELEMENTS = 1 << 22;
const MAXIMUM_DIMENSIONS = 4;
const MAXIMUM_NAME_BYTES = 1024;
const MAXIMUM_ALIGNMENT = 1 << 20;

/** What stands in front of every entry of the two tables at least. */
const SMALLEST_KEY_BYTES = 8 + 4 + 1;
const SMALLEST_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8;

const valueTypes: readonly (NumberType | 'text' | 'array')[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'text',
  'array',
  'uint64',
  'int64',
  'float64',
];

/**
 * Reads and checks a header. Nothing is allocated for a count or a length before the file is known to hold as much.
 *
 * Layout: github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @throws ModelFileError naming the field
 */
export async function readGgufHeader(
  handle: FileHandle,
  file: string,
  fileBytes: number,
): Promise<GgufHeader> {
  const cursor = new BoundedCursor(handle, file, fileBytes);
  if ((await cursor.uint32('magic')) !== MAGIC) {
    throw cursor.refuse(
      'magic',
      'is not that of a GGUF file',
      'Give a .gguf file; was the download an error page?',
    );
  }
  await checkVersion(cursor);
  const tensorCount = await count(cursor, 'tensor_count', MAXIMUM_TENSORS, SMALLEST_TENSOR_BYTES);
  const keyCount = await count(cursor, 'metadata_kv_count', MAXIMUM_KEYS, SMALLEST_KEY_BYTES);
  const metadata = new Map<string, MetadataValue>();
  for (let index = 0; index < keyCount; index++) {
    const key = await cursor.text(`metadata key ${index}`, MAXIMUM_NAME_BYTES);
    const field = shown(key);
    if (metadata.has(key)) throw cursor.refuse(field, 'stands in the metadata twice');
    metadata.set(key, await readValue(cursor, field));
  }
  const alignment = metadata.get('general.alignment') ?? 32;
  if (!isAlignment(alignment)) {
    throw cursor.refuse('general.alignment', `is ${String(alignment).slice(0, 40)}, not a power of two`);
  }
  const placed: TensorEntry[] = [];
  for (let index = 0; index < tensorCount; index++) placed.push(await readTensor(cursor, index, alignment));
  const begin = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, TensorEntry>();
  for (const tensor of placed) {
    if (tensors.has(tensor.name)) throw cursor.refuse(shown(tensor.name), 'stands in the file twice');
    tensors.set(tensor.name, { ...tensor, offset: begin + tensor.offset });
  }
  checkPlaces([...tensors.values()], cursor, fileBytes);
  return { metadata, tensors };
}

async function checkVersion(cursor: BoundedCursor): Promise<void> {
  const version = await cursor.uint32('version');
  if (version === 2 || version === 3) return;
  if (version !== 0 && version % 0x1_00_00 === 0) {
    throw cursor.refuse(
      'version',
      'is that of a big-endian file',
      'Fetch the little-endian file of the model',
    );
  }
  throw cursor.refuse('version', `is ${version}; versions 2 and 3 are read`);
}

async function count(cursor: BoundedCursor, field: string, maximum: number, bytes: number): Promise<number> {
  const value = await cursor.uint64(field);
  if (value > maximum) throw cursor.refuse(field, `is ${value}, at most ${maximum} can be right`);
  cursor.expect(value * bytes, field);
  return value;
}

async function readValue(cursor: BoundedCursor, field: string): Promise<MetadataValue> {
  const type = await valueType(cursor, field);
  if (type === 'text') return await cursor.text(field);
  if (type !== 'array') {
    const value = await cursor.number(type, field);
    if (type === 'float32') return shortest(value);
    if (type !== 'bool') return value;
    if (value > 1) throw cursor.refuse(field, `is ${value}, neither true nor false`);
    return value === 1;
  }
  const element = await valueType(cursor, field);
  if (element === 'array') throw cursor.refuse(field, 'is an array of arrays, which no model needs');
  const width = element === 'text' ? 8 : numberBytes[element];
  const length = await count(cursor, field, MAXIMUM_ELEMENTS, width);
  return element === 'text'
    ? await cursor.texts(length, field)
    : await cursor.numbers(element, length, field);
}

/** The shortest decimal of a fp32 number: what it was before it was stored, 1e-5 for 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return value;
}

async function valueType(cursor: BoundedCursor, field: string): Promise<NumberType | 'text' | 'array'> {
  const number = await cursor.uint32(field);
  const type = valueTypes[number];
  if (type === undefined)
    throw cursor.refuse(field, `has value type ${number}, which the format does not know`);
  return type;
}

/** One row of the table; its offset still counts from the beginning of the data. */
async function readTensor(cursor: BoundedCursor, index: number, alignment: number): Promise<TensorEntry> {
  const name = await cursor.text(`tensor ${index} name`, MAXIMUM_NAME_BYTES);
  const field = shown(name);
  const rank = await cursor.uint32(field);
  if (rank < 1 || rank > MAXIMUM_DIMENSIONS) {
    throw cursor.refuse(field, `has ${rank} dimensions, 1 to ${MAXIMUM_DIMENSIONS} can be right`);
  }
  const dimensions: number[] = [];
  for (let axis = 0; axis < rank; axis++) dimensions.push(await cursor.uint64(field));
  const elements = dimensions.reduce((product, size) => product * size, 1);
  if (elements < 1 || !Number.isSafeInteger(elements)) {
    throw cursor.refuse(field, `has dimensions [${dimensions.join(', ')}]`);
  }
  const number = await cursor.uint32(field);
  const type = tensorTypes.get(number);
  if (type === undefined) {
    throw cursor.refuse(field, `has tensor type ${number}, which ggml does not have or no longer has`);
  }
  const [columns = 0] = dimensions;
  if (columns % type.elements !== 0) {
    throw cursor.refuse(
      field,
      `has rows of ${columns}, not a whole number of ${type.name}'s blocks of ${type.elements}`,
    );
  }
  const offset = await cursor.uint64(field);
  if (offset % alignment !== 0)
    throw cursor.refuse(field, `begins at ${offset}, not at a multiple of ${alignment}`);
  return { name, type, dimensions, offset, bytes: (elements / type.elements) * type.bytes };
}

/** Every tensor lies in the file, and no two share a byte. */
function checkPlaces(tensors: readonly TensorEntry[], cursor: BoundedCursor, fileBytes: number): void {
  let before: TensorEntry | undefined;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    const end = tensor.offset + tensor.bytes;
    if (end > fileBytes) {
      throw cursor.refuse(
        shown(tensor.name),
        `ends at byte ${end}, the file has ${fileBytes}`,
        'Fetch the file again, it is cut short',
      );
    }
    if (before !== undefined && before.offset + before.bytes > tensor.offset) {
      throw cursor.refuse(shown(tensor.name), `shares bytes with ${shown(before.name)}`);
    }
    before = tensor;
  }
}

function isAlignment(value: MetadataValue): value is number {
  return (
    typeof value === 'number' &&
    value >= 1 &&
    value <= MAXIMUM_ALIGNMENT &&
    Number.isInteger(Math.log2(value))
  );
}

/** A name from the file as a message shows it. */
function shown(name: string): string {
  return name.slice(0, 120);
}
