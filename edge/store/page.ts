/** Cursor pages: a list reads one row more than it shows, and the cursor is the sort key of the last row shown. */
import { z } from 'zod';
import { invalidRequest } from '../domain/errors.ts';

/** What the query of every list has (see shared/api/page.ts). */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * The sort key that a cursor carries, checked against the list's own form.
 *
 * @throws DomainError `invalid-request` where the cursor was not made by this list
 */
export function readCursor<Key extends z.ZodType>(page: PageRequest, key: Key): z.output<Key> | undefined {
  if (page.cursor === undefined) return undefined;
  try {
    return key.parse(JSON.parse(Buffer.from(page.cursor, 'base64url').toString()));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw invalidRequest([
      {
        in: 'query',
        pointer: 'cursor',
        detail: 'must be the nextCursor of the page before; start without it',
      },
    ]);
  }
}

/**
 * Cuts a page out of `limit + 1` rows.
 *
 * @param keyOf the sort key of a row: what {@link readCursor} of the next request gets
 */
export function toPage<Row>(
  rows: readonly Row[],
  { limit }: PageRequest,
  keyOf: (row: Row) => unknown,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items,
    nextCursor: more ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null,
  };
}
