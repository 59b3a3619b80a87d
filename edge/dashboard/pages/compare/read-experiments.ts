/** Reads the experiments of a comparison with everything that was said of them. */
import { useQuery } from '@tanstack/solid-query';
import type { Accessor } from 'solid-js';
import { readComparisons } from '../../app/read-comparisons.ts';
import { useSession } from '../../app/session.ts';
import { isMissing } from '../../components/missing.tsx';
import type { Comparison, ExperimentDetail } from '../../app/types.ts';
import { visibleName } from '../../text/visible-text.ts';

export interface Read {
  readonly id: string;
  readonly name: string;
  readonly detail: ExperimentDetail;
  readonly comparisons: readonly Comparison[];
}

/** What the address names and the edge does not have: the others are compared without it. */
interface Absent {
  readonly id: string;
  readonly detail: undefined;
}

/** Those that are there, in order. */
export const thoseThere = (found: readonly (Read | Absent)[]): readonly Read[] =>
  found.filter((one) => one.detail !== undefined);

export function useReadExperiments(ids: Accessor<readonly string[]>) {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['compare', ...ids()],
    staleTime: 10_000,
    queryFn: ({ signal }) =>
      Promise.all(
        ids().map(async (id): Promise<Read | Absent> => {
          try {
            const detail = await client.getExperiment({ parameters: { experimentId: id } }, { signal });
            const comparisons = await readComparisons(client, id, {}, signal);
            return { id, name: visibleName(detail.name), detail, comparisons };
          } catch (error) {
            if (isMissing(error)) return { id, detail: undefined };
            throw error;
          }
        }),
      ),
  }));
}
