/** What experiments are made of, as several pages list it: read once, and again where it has changed. */
import { useQuery, type UseQueryResult } from '@tanstack/solid-query';
import { readAll } from './read-all.ts';
import { useSession } from './session.ts';

const STALE_MILLISECONDS = 10_000;

/** Whether a list does not have what is asked of it; one that is being read may have it yet. */
export function lacks<Item>(
  query: UseQueryResult<readonly Item[]>,
  isAsked: (item: Item) => boolean,
): boolean {
  return query.isSuccess && !query.isFetching && !query.data.some(isAsked);
}

/** All base models, the newest first. */
export function useBaseModels() {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['base-models'],
    staleTime: STALE_MILLISECONDS,
    queryFn: ({ signal }) => readAll((query) => client.listBaseModels({ query }, { signal })),
  }));
}

/** All principles, the newest first. */
export function usePrinciples() {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['principles'],
    staleTime: STALE_MILLISECONDS,
    queryFn: ({ signal }) => readAll((query) => client.listPrinciples({ query }, { signal })),
  }));
}

/** All prompt sets, the newest first. */
export function usePromptSets() {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['prompt-sets'],
    staleTime: STALE_MILLISECONDS,
    queryFn: ({ signal }) => readAll((query) => client.listPromptSets({ query }, { signal })),
  }));
}
