/** Reads whole files of prompts and pairs for the tests, in pieces of any size. */
import { readPrompts, type ReadingOptions } from '../../../shared/prompts/read-prompts.ts';

/** @param pieceBytes the file comes in pieces of so many bytes */
export async function* piecesOf(file: string | Uint8Array, pieceBytes = 1 << 20): AsyncGenerator<Uint8Array> {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

export async function readAll(file: string | Uint8Array, options: ReadingOptions = {}, pieceBytes?: number) {
  return await Array.fromAsync(readPrompts(piecesOf(file, pieceBytes), options));
}

/** The prompts, as text. @throws Error for the first row that is refused */
export async function promptsOf(file: string | Uint8Array, options: ReadingOptions = {}) {
  const rows = await readAll(file, options);
  return rows.flatMap((read) => {
    if ('fault' in read) throw new Error(`line ${read.line}: ${read.fault}`);
    return 'row' in read ? [read.row] : [];
  });
}

/** The pairs as exports write them. @throws Error for the first row that is refused */
export async function pairsOf(file: string | Uint8Array, options: ReadingOptions = {}) {
  const rows = await promptsOf(file, options);
  return rows.flatMap(({ prompt, pair }) => (pair ? [{ prompt: prompt.text, ...pair }] : []));
}
