/** Writes fp32 numbers as safetensors in the element type of a checkpoint. */
import { encodeSafetensors as encodeTensors } from '../../../shared/safetensors/encode.ts';
import { type CheckpointDtype, encodeElements } from './element-types.ts';

/** A tensor to write; `values` is called when its turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: CheckpointDtype;
  readonly shape: readonly number[];
  readonly values: () => Float32Array | Promise<Float32Array>;
}

/**
 * The bytes of a safetensors file.
 *
 * @throws RangeError if a name stands twice or values do not fill their shape
 */
export async function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<Uint8Array> {
  const written = [];
  for (const { name, dtype, shape, values } of tensors) {
    written.push({ name, dtype, shape, bytes: encodeElements(dtype, await values()) });
  }
  return encodeTensors(written, metadata);
}
