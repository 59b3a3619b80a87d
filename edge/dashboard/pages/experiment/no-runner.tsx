/** Says of an experiment that is open that nobody works at it, or ever will, until somebody starts a runner. */
import { A } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { useSession } from '../../app/session.ts';

/** A runner that goes says nothing, so the list is asked again. */
const ASK_EVERY_MILLISECONDS = 10_000;

export function NoRunner() {
  const { client } = useSession();
  const live = useQuery(() => ({
    queryKey: ['runners', 'live'],
    queryFn: async () => (await client.listRunners({ query: { status: 'live', limit: 1 } })).items.length,
    refetchInterval: ASK_EVERY_MILLISECONDS,
  }));
  return (
    <Show when={live.isSuccess && live.data === 0}>
      <p class="notice warn" role="status">
        <span>
          <strong>No runner is alive</strong>, so nothing goes on until one is started:{' '}
          <A href="/runners">Runners</A> has the command. What is done is kept.
        </span>
      </p>
    </Show>
  );
}
