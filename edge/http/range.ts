/** The `Range` header: one range of bytes (RFC 9110, section 14). */
import { ProblemError } from './problem.ts';
import type { ByteRange } from '../store/blobs.ts';

/**
 * The part that a request asks for; undefined: everything. Several ranges, other units and an `If-Range` that does
 * not match are answered whole, as the RFC allows.
 *
 * @param bytes the size of the whole
 * @throws ProblemError 416 where the range begins behind the end
 */
export function readRange(headers: Headers, bytes: number, etag: string): ByteRange | undefined {
  const condition = headers.get('if-range');
  if (condition !== null && condition !== etag) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.get('range') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const offset = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  // A range that ends before it begins is not a range: it is ignored.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (offset > end) {
    throw new ProblemError(
      'range-not-satisfiable',
      `The artifact has ${bytes} bytes; ask for a part of them`,
      {
        headers: { 'content-range': `bytes */${bytes}` },
      },
    );
  }
  return { offset, length: end - offset + 1 };
}
