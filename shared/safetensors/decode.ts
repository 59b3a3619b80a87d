/** Reads safetensors out of memory, in any runtime: every length is checked before it is used. */
import { headerLength, parseHeader, PREFIX_BYTES, type Refuse } from './header.ts';

interface DecodedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Little-endian, row-major; a view of the file, aligned to nothing. */
  readonly bytes: Uint8Array;
}

export interface DecodedFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, DecodedTensor>;
}

/** @throws what `refuse` makes of the first fault */
export function decodeSafetensors(file: Uint8Array, refuse: Refuse): DecodedFile {
  const length = headerLength(file.subarray(0, PREFIX_BYTES), file.length, refuse);
  const header = file.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  const { metadata, entries } = parseHeader(header, file.length, refuse);
  const tensors = [...entries].map(
    ([name, { dtype, shape, offset, length: size }]): [string, DecodedTensor] => [
      name,
      { dtype, shape, bytes: file.subarray(offset, offset + size) },
    ],
  );
  return { metadata, tensors: new Map(tensors) };
}
