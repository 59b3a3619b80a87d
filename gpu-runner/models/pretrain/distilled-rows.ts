/** Rows with a teacher's distributions as a file: some fifty bytes a token, of a vocabulary of at most 65,536. */
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { hasCode } from '../../../shared/caught.ts';
import type { DistilledRow, Distribution } from '../../llama/trainer/distillation-trainer.ts';

/** Shares are whole numbers of so many parts. */
export const PARTS = 64;

/**
 * One row: how many tokens, where it starts, how many candidates of all its distributions (uint32 each); the tokens, how
 * many candidates of each distribution, the candidates (uint16 each), their shares in parts of 64 (uint8), padded to a
 * multiple of four bytes.
 */
function encodeRow({ tokens, start, distributions }: DistilledRow): Uint8Array {
  const candidates = distributions.flatMap((one) => Array.from(one.tokens));
  const parts = distributions.flatMap((one) => Array.from(one.shares, (share) => Math.round(share * PARTS)));
  const numbers = [...Array.from(tokens), ...distributions.map((one) => one.tokens.length), ...candidates];
  const bytes = new Uint8Array(Math.ceil((12 + 2 * numbers.length + parts.length) / 4) * 4);
  new Uint32Array(bytes.buffer, 0, 3).set([tokens.length, start, candidates.length]);
  new Uint16Array(bytes.buffer, 12, numbers.length).set(numbers);
  bytes.set(parts, 12 + 2 * numbers.length);
  return bytes;
}

export async function appendRows(file: string, rows: readonly DistilledRow[]): Promise<void> {
  await appendFile(file, Buffer.concat(rows.map((row) => encodeRow(row))));
}

/** The whole rows of a file; what a stopped run left of one more is cut off. */
export async function readRows(file: string): Promise<DistilledRow[]> {
  const read = await readFile(file).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return new Uint8Array();
    throw error;
  });
  const bytes = Uint8Array.from(read);
  const rows: DistilledRow[] = [];
  let offset = 0;
  while (offset + 12 <= bytes.length) {
    const [length = 0, start = 0, candidates = 0] = new Uint32Array(bytes.buffer, offset, 3);
    const scored = length - start;
    const count = length + scored + candidates;
    const end = offset + Math.ceil((12 + 2 * count + candidates) / 4) * 4;
    if (end > bytes.length) break;
    const numbers = new Uint16Array(bytes.buffer, offset + 12, count);
    const parts = bytes.subarray(offset + 12 + 2 * count, end);
    rows.push({
      tokens: Int32Array.from(numbers.subarray(0, length)),
      start,
      distributions: cut(numbers.subarray(length, length + scored), numbers.subarray(length + scored), parts),
    });
    offset = end;
  }
  if (offset < bytes.length) await truncate(file, offset);
  return rows;
}

function cut(counts: Uint16Array, candidates: Uint16Array, parts: Uint8Array): Distribution[] {
  let offset = 0;
  return Array.from(counts, (count) => {
    const from = offset;
    offset += count;
    return {
      tokens: candidates.subarray(from, offset),
      shares: Float32Array.from(parts.subarray(from, offset), (part) => part / PARTS),
    };
  });
}
