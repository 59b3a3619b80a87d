/** Writes safetensors that every other implementation reads. */
import { elementSizes } from './header.ts';

export interface TensorBytes {
  readonly name: string;
  /** In the format's words: `F32`, `I8`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

/**
 * The bytes of a safetensors file: wide elements first, then by name, so that every tensor is aligned and the same
 * tensors give the same bytes.
 *
 * @throws RangeError if a name stands twice or bytes do not fill their shape
 */
export function encodeSafetensors(
  tensors: readonly TensorBytes[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const width = ({ dtype }: TensorBytes) => elementSizes.get(dtype) ?? 0;
  const ordered = [...tensors].sort((a, b) => width(b) - width(a) || (a.name < b.name ? -1 : 1));
  const header = safetensorsHeader(ordered, metadata);
  for (const tensor of ordered) {
    const { name, shape, bytes } = tensor;
    const expected = shape.reduce((product, length) => product * length, 1);
    const elements = bytes.length / width(tensor);
    if (elements !== expected) {
      throw new RangeError(`tensor ${name} has ${elements} elements, its shape ${expected}`);
    }
  }
  const end = ordered.reduce((sum, { bytes }) => sum + bytes.length, header.length);
  const file = new Uint8Array(end);
  file.set(header);
  let place = header.length;
  for (const { bytes } of ordered) {
    file.set(bytes, place);
    place += bytes.length;
  }
  return file;
}

/**
 * What stands before the tensors of a file: its length and its header, padded so that they are aligned.
 *
 * @param tensors in the order in which their bytes follow
 * @throws RangeError if a name stands twice
 */
export function safetensorsHeader(
  tensors: readonly Omit<TensorBytes, 'bytes'>[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    if (Object.hasOwn(header, name)) throw new RangeError(`tensor ${name} is to be written twice`);
    const length = shape.reduce((product, size) => product * size, elementSizes.get(dtype) ?? 0);
    header[name] = { dtype, shape, data_offsets: [end, end + length] };
    end += length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}
