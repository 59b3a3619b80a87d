/** An adapter file at another strength, so that whatever opens it changes the base by that much more or less. */
import { decodeSafetensors } from '../safetensors/decode.ts';
import { encodeSafetensors } from '../safetensors/encode.ts';
import { ADAPTER_CONFIG_KEY, adapterSourceOf } from './adapter-source.ts';
import { ExportError } from './export-error.ts';

/**
 * The same tensors under a configuration whose alpha is `strength` times what it was: the change of every weight is
 * (alpha / rank) B A.
 *
 * @param file an adapter's artifact
 * @param strength above 0
 * @throws ExportError where it is no adapter that a runner made; RangeError for another strength
 */
export async function adapterAtStrength(file: Uint8Array, strength: number): Promise<Uint8Array> {
  if (!(strength > 0 && Number.isFinite(strength))) {
    throw new RangeError(`a strength must be a finite number above 0, got ${strength}`);
  }
  const { config } = await adapterSourceOf(file);
  const { metadata, tensors } = decodeSafetensors(
    file,
    (field, fault, options) =>
      new ExportError(`the adapter${field === null ? '' : `: ${field}`}: ${fault}`, {
        ...options,
        cure: 'Name the artifact of an adapter',
      }),
  );
  return encodeSafetensors(
    [...tensors].map(([name, { dtype, shape, bytes }]) => ({ name, dtype, shape, bytes })),
    {
      ...Object.fromEntries(metadata),
      [ADAPTER_CONFIG_KEY]: JSON.stringify({ ...config, lora_alpha: config.lora_alpha * strength }),
    },
  );
}
