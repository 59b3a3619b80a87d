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
  const names = new Set<string>();
  for (const { name } of ordered) {
    if (names.has(name)) throw new RangeError(`tensor ${name} is to be written twice`);
    names.add(name);
  }
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const tensor of ordered) {
    const { name, dtype, shape, bytes } = tensor;
    const expected = shape.reduce((product, length) => product * length, 1);
    const elements = bytes.length / width(tensor);
    if (elements !== expected) {
      throw new RangeError(`tensor ${name} has ${elements} elements, its shape ${expected}`);
    }
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + padded + end).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(text, 8);
  let place = 8 + padded;
  for (const { bytes } of ordered) {
    file.set(bytes, place);
    place += bytes.length;
  }
  return file;
}
