/** Which experiments keep what somebody wants to delete, and what to do. */
import { A } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { useSession } from '../app/session.ts';
import type { Experiment } from '../app/types.ts';
import { visibleName } from '../text/visible-text.ts';

/** So many experiments are named. */
const NAMED = 3;

type User = 'promptSet' | 'principle' | 'baseModel';

/** The experiments that were made with something, the newest first. @param by what it is, with its id or name */
export function useUsers(by: () => { readonly [Key in User]?: string }) {
  const { client } = useSession();
  const users = useQuery(() => ({
    queryKey: ['experiments', 'made-with', by()],
    // Nobody is asked for each row of a list.
    enabled: false,
    queryFn: async ({ signal }) => {
      const query = { ...by(), limit: NAMED + 1 };
      return (await client.listExperiments({ query }, { signal })).items;
    },
  }));
  return { found: () => (users.isSuccess ? users.data : []), ask: () => void users.refetch() };
}

/** @param props.what it is, behind "or keep" */
export function InUse(props: { readonly by: readonly Experiment[]; readonly what: string }) {
  const isOne = () => props.by.length === 1;
  return (
    <>
      {isOne() ? 'An experiment was made with it: ' : 'Experiments were made with it: '}
      <For each={props.by.slice(0, NAMED)}>
        {({ id, name }, index) => (
          <>
            {index() > 0 ? ', ' : ''}
            <A href={`/experiments/${id}`}>{visibleName(name)}</A>
          </>
        )}
      </For>
      <Show when={props.by.length > NAMED}> and others</Show>. Delete {isOne() ? 'it' : 'them'} first, or keep{' '}
      {props.what}: nothing else can tell what was asked.
    </>
  );
}
