/** Writes safetensors that every other implementation reads. */
import { type CheckpointDtype, elementBytes, encodeElements } from './element-types.ts';

/** A tensor to write; `values` is called when its turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: CheckpointDtype;
  readonly shape: readonly number[];
  readonly values: () => Float32Array | Promise<Float32Array>;
}

/**
 * The bytes of a safetensors file in order: wide elements first, then by name, so that every tensor is aligned and the
 * same tensors give the same bytes.
 *
 * @throws RangeError if a name stands twice or values do not fill their shape
 */
export async function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<Uint8Array> {
  const ordered = [...tensors].sort(
    (a, b) => elementBytes[b.dtype] - elementBytes[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape } of ordered) {
    if (Object.hasOwn(header, name)) throw new RangeError(`tensor ${name} is to be written twice`);
    const begin = end;
    end += shape.reduce((product, size) => product * size, elementBytes[dtype]);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  const chunks: Uint8Array[] = [prefix, padded];
  for (const { name, dtype, shape, values } of ordered) {
    const elements = await values();
    const expected = shape.reduce((product, size) => product * size, 1);
    if (elements.length !== expected) {
      throw new RangeError(`tensor ${name} has ${elements.length} elements, its shape ${expected}`);
    }
    chunks.push(encodeElements(dtype, elements));
  }
  return new Uint8Array(Buffer.concat(chunks));
}
