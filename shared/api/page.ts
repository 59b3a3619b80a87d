/** Cursor pages: the query every list takes and the document every list answers. */
import { z } from 'zod';

const DEFAULT_LIMIT = 50;
const MAXIMUM_LIMIT = 200;

/** The query of a list, with the list's own filters. */
export const pageQuery = <Filters extends z.ZodRawShape>(filters: Filters) =>
  z.strictObject({
    ...filters,
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAXIMUM_LIMIT)
      .default(DEFAULT_LIMIT)
      .describe('Most items of a page'),
    cursor: z.string().min(1).max(500).optional().describe('Opaque: `nextCursor` of the page before'),
  });

/** One page; `nextCursor` is null on the last. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item).describe('The items of this page'),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null on the last one'),
  });
