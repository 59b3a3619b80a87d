/** Every comparison of an experiment: what judges and people said of each prompt. */
import type { Client } from '../../../shared/api/client.ts';
import type { Comparison } from './types.ts';

const PAGE = 200;

interface Filters {
  readonly source?: 'machine' | 'human';
  readonly judge?: string;
}

export async function readComparisons(
  client: Client,
  experimentId: string,
  filters: Filters,
  signal: AbortSignal,
): Promise<Comparison[]> {
  const found: Comparison[] = [];
  for (let cursor: string | undefined; ;) {
    const query = { ...filters, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const page = await client.listComparisons({ parameters: { experimentId }, query }, { signal });
    found.push(...page.items);
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}
