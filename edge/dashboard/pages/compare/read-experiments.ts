/** Reads the experiments of a comparison with everything that was said of them. */
import { useQuery } from '@tanstack/solid-query';
import type { Accessor } from 'solid-js';
import { readComparisons } from '../../app/read-comparisons.ts';
import { useSession } from '../../app/session.ts';
import type { Comparison, ExperimentDetail } from '../../app/types.ts';

export interface Read {
  readonly id: string;
  readonly name: string;
  readonly detail: ExperimentDetail;
  readonly comparisons: readonly Comparison[];
}

export function useReadExperiments(ids: Accessor<readonly string[]>) {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['compare', ...ids()],
    staleTime: 10_000,
    queryFn: ({ signal }) =>
      Promise.all(
        ids().map(async (id): Promise<Read> => {
          const detail = await client.getExperiment({ parameters: { experimentId: id } }, { signal });
          const comparisons = await readComparisons(client, id, {}, signal);
          return { id, name: detail.name, detail, comparisons };
        }),
      ),
  }));
}
