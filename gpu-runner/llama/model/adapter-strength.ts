/** An adapter at another strength: its change of the base, times a number. */
import type { AdapterLayout } from './lora-layout.ts';

/**
 * The vector whose change of every weight, (alpha / rank) A B, is `strength` times that of `vector`: B is multiplied, A and
 * the scalar head stay. Strength 1 gives equal bytes, 0 the base, and a power of two rounds nothing.
 *
 * Interpolation in weight space. Logits change with the weights in proportion as long as the change is small, and then this
 * is what mixing the logits of base and policy at decoding time gives (Liu et al. 2024, arXiv 2402.02992), for the price of
 * one adapter.
 *
 * @param vector [layout.length]; stays as it is
 * @throws RangeError for another length, or a strength that is no finite number from 0
 */
export function atStrength(layout: AdapterLayout, vector: Float32Array, strength: number): Float32Array {
  if (vector.length !== layout.length) {
    throw new RangeError(`the adapter has ${vector.length} numbers, its layout ${layout.length}`);
  }
  if (!(strength >= 0 && Number.isFinite(strength))) {
    throw new RangeError(`a strength must be a finite number from 0, got ${strength}`);
  }
  const scaled = Float32Array.from(vector);
  for (const { name, offset, length } of layout.tensors) {
    if (!name.endsWith('.b')) continue;
    for (let index = offset; index < offset + length; index++)
      scaled[index] = strength * (vector[index] ?? 0);
  }
  return scaled;
}
