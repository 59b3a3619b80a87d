/** The split that the hash of a prompt decides: the same for edge and command line, whoever asks first. */
import type { Split } from '../api/words.ts';

/**
 * The first 48 bits of the hash as a number in 0..1, laid on the shares in their order; the last split with a share takes
 * what rounding leaves.
 *
 * @param promptSha256 of the prompt's text, hexadecimal
 * @param shares of 1; null where none has any
 */
export function splitByHash(
  promptSha256: string,
  shares: readonly { readonly split: Split; readonly share: number }[],
): Split | null {
  let rest = Number.parseInt(promptSha256.slice(0, 12), 16) / 2 ** 48;
  const used = shares.filter(({ share }) => share > 0);
  return used.find(({ share }) => (rest -= share) < 0)?.split ?? used.at(-1)?.split ?? null;
}
