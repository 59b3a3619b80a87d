/** Identifiers: UUID version 7 (RFC 9562), so that rows sort by creation and a list's cursor is an id. */
import { randomFillSync } from 'node:crypto';

/** @param now milliseconds since the epoch, from the injected clock */
export function createIdentifier(now: number): string {
  const bytes = randomFillSync(Buffer.alloc(16));
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hexadecimal = bytes.toString('hex');
  return hexadecimal.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
