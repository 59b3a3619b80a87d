/** How large an export becomes, told before anything of it is made. */
import type { ModelForm, Quantisation } from './forms.ts';

/** The most that is kept for HTTP; what is larger leaves by `rlcd export`, which stores it only once. */
export const MAXIMUM_EXPORT_BYTES = 4 * 2 ** 30;

/** Q8_0 has a 16-bit scale for every 32 weights of 8 bits. */
const BYTES_A_WEIGHT = { q8_0: 34 / 32, f16: 2 } as const;
const MERGED_BYTES_A_WEIGHT = 2;

/** Bytes of the weights, about: what stands beside them is small. @param quantisation null where the form has none */
export function exportBytes(
  parameterCount: number,
  { form, quantisation }: { readonly form: ModelForm; readonly quantisation: Quantisation | null },
): number {
  const each =
    form === 'merged' || quantisation === null ? MERGED_BYTES_A_WEIGHT : BYTES_A_WEIGHT[quantisation];
  return Math.round(parameterCount * each);
}
