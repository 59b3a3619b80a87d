/** Reads the experiments of a comparison with everything that was said of them. */
import { useQuery } from '@tanstack/solid-query';
import type { Accessor } from 'solid-js';
import { readComparisons } from '../../app/read-comparisons.ts';
import { useSession } from '../../app/session.ts';
import { isMissing } from '../../components/missing.tsx';
import type { Comparison, ExperimentDetail } from '../../app/types.ts';
import { distinctNames } from '../../text/distinct-names.ts';

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

/** Each by a name that no other of them has. */
function named(found: readonly (Read | Absent)[]): readonly (Read | Absent)[] {
  const there = thoseThere(found);
  const names = distinctNames(there.map(({ detail }) => detail));
  const nameOf = new Map(there.map(({ id }, index) => [id, names[index]]));
  return found.map((one) =>
    one.detail === undefined ? one : { ...one, name: nameOf.get(one.id) ?? one.name },
  );
}

export function useReadExperiments(ids: Accessor<readonly string[]>) {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['compare', ...ids()],
    staleTime: 10_000,
    queryFn: async ({ signal }) => {
      const found = await Promise.all(
        ids().map(async (id): Promise<Read | Absent> => {
          try {
            const detail = await client.getExperiment({ parameters: { experimentId: id } }, { signal });
            const comparisons = await readComparisons(client, id, {}, signal);
            return { id, name: detail.name, detail, comparisons };
          } catch (error) {
            if (isMissing(error)) return { id, detail: undefined };
            throw error;
          }
        }),
      );
      return named(found);
    },
  }));
}
