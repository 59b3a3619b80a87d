/** Writes GGUF version 3: a header of typed values, the places of the tensors, and their bytes, as llama.cpp reads them. */
import { concatenate } from './bytes.ts';

/** A value of the header in one of the format's types. */
type GgufValue =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'float32s' | 'int32s'; readonly value: ArrayLike<number> };

export type GgufMetadata = readonly (readonly [key: string, value: GgufValue])[];

/** Types of elements by the format's number, with what one block of them holds and takes. */
export const GGUF_TYPES = {
  F32: { id: 0, blockElements: 1, blockBytes: 4 },
  F16: { id: 1, blockElements: 1, blockBytes: 2 },
  Q8_0: { id: 8, blockElements: 32, blockBytes: 34 },
} as const;
export type GgufType = keyof typeof GGUF_TYPES;

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Row-major, the slowest dimension first; GGUF itself counts the other way round. */
  readonly shape: readonly number[];
  /** All of its bytes, in order. */
  readonly chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const ALIGNMENT = 32;
const VERSION = 3;
/** The format's numbers of the types that are written here. */
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;

const encoder = new TextEncoder();

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function number(type: 'uint32' | 'int32' | 'float32', value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  if (type === 'float32') view.setFloat32(0, value, true);
  else if (type === 'int32') view.setInt32(0, value, true);
  else view.setUint32(0, value, true);
  return bytes;
}

function string(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return concatenate([uint64(bytes.length), bytes]);
}

function typedValue(given: GgufValue): Uint8Array {
  switch (given.type) {
    case 'string':
      return concatenate([uint32(VALUE_TYPES.string), string(given.value)]);
    case 'bool':
      return concatenate([uint32(VALUE_TYPES.bool), Uint8Array.of(given.value ? 1 : 0)]);
    case 'strings':
      return array('string', given.value.map(string));
    case 'float32s':
    case 'int32s': {
      const type = given.type === 'float32s' ? 'float32' : 'int32';
      return array(
        type,
        Array.from(given.value, (one) => number(type, one)),
      );
    }
    case 'uint32':
    case 'int32':
    case 'float32':
      return concatenate([uint32(VALUE_TYPES[given.type]), number(given.type, given.value)]);
    default:
      return given satisfies never;
  }
}

function array(type: keyof typeof VALUE_TYPES, items: readonly Uint8Array[]): Uint8Array {
  return concatenate([uint32(VALUE_TYPES.array), uint32(VALUE_TYPES[type]), uint64(items.length), ...items]);
}

/** Bytes of a tensor. @throws RangeError where its rows do not part into blocks */
function ggufBytes({ name, type, shape }: Pick<GgufTensor, 'name' | 'type' | 'shape'>): number {
  const { blockElements, blockBytes } = GGUF_TYPES[type];
  const row = shape.at(-1) ?? 0;
  if (row % blockElements !== 0)
    throw new RangeError(`${name}: rows of ${row} do not part into ${type} blocks`);
  return (shape.reduce((product, size) => product * size, 1) / blockElements) * blockBytes;
}

const aligned = (offset: number): number => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;

/** What stands before the tensors' bytes. */
function header(metadata: GgufMetadata, tensors: readonly GgufTensor[]): Uint8Array {
  const parts = [encoder.encode('GGUF'), uint32(VERSION), uint64(tensors.length), uint64(metadata.length)];
  for (const [key, value] of metadata) parts.push(string(key), typedValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    const { name, type, shape } = tensor;
    parts.push(string(name), uint32(shape.length));
    for (const size of shape.toReversed()) parts.push(uint64(size));
    parts.push(uint32(GGUF_TYPES[type].id), uint64(offset));
    offset = aligned(offset + ggufBytes(tensor));
  }
  const written = concatenate(parts);
  return concatenate([written, new Uint8Array(aligned(written.length) - written.length)]);
}

/** The bytes of a GGUF file. @throws RangeError where a tensor's bytes do not fill its shape */
export async function* encodeGguf(
  metadata: GgufMetadata,
  tensors: readonly GgufTensor[],
): AsyncGenerator<Uint8Array> {
  yield header(metadata, tensors);
  for (const tensor of tensors) {
    const expected = ggufBytes(tensor);
    let written = 0;
    for await (const chunk of tensor.chunks()) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== expected) {
      throw new RangeError(`${tensor.name}: ${written} bytes were written, its shape takes ${expected}`);
    }
    const padding = aligned(expected) - expected;
    if (padding > 0) yield new Uint8Array(padding);
  }
}
