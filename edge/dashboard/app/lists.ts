/** What experiments are made of, as several pages list it: read once, and again where it has changed. */
import { useQuery } from '@tanstack/solid-query';
import { readAll } from './read-all.ts';
import { useSession } from './session.ts';

const STALE_MILLISECONDS = 10_000;

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
