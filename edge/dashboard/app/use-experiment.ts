/** One experiment, whole: read once for all that show something of it. */
import { useQuery } from '@tanstack/solid-query';
import type { Accessor } from 'solid-js';
import { useSession } from './session.ts';

/** @param id undefined where the address names none: then nothing is read */
export function useExperiment(id: Accessor<string | undefined>) {
  const { client } = useSession();
  return useQuery(() => ({
    queryKey: ['experiment', id(), 'detail'],
    enabled: id() !== undefined,
    queryFn: ({ signal }) => client.getExperiment({ parameters: { experimentId: id() ?? '' } }, { signal }),
  }));
}
