/** Every comparison of an experiment: what judges and people said of each prompt. */
import type { Client } from '../../../shared/api/client.ts';
import { readAll } from './read-all.ts';
import type { Comparison } from './types.ts';

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
  return await readAll((page) =>
    client.listComparisons({ parameters: { experimentId }, query: { ...filters, ...page } }, { signal }),
  );
}
