/** Identifiers: UUID version 7 (RFC 9562), so that rows sort by creation and a list's cursor is an id. */
import { randomFillSync } from 'node:crypto';

/** Ids of one process rise even within a millisecond: the 12 bits after the time count (RFC 9562, method 1). */
const LARGEST_COUNT = 0xfff;
let latest = 0;
let sequence = 0;

/** @param now milliseconds since the epoch */
export function createIdentifier(now: number): string {
  sequence = now === latest ? sequence + 1 : 0;
  latest = now;
  const bytes = randomFillSync(Buffer.alloc(16));
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(0x7000 | Math.min(sequence, LARGEST_COUNT), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hexadecimal = bytes.toString('hex');
  return hexadecimal.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
