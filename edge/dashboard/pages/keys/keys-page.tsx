/** Keys: who may do what at this edge, a new key with its secret shown once, and the end of one. */
import { useQuery } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { readAll } from '../../app/read-all.ts';
import { KeysTable } from './keys-table.tsx';
import { NewKey } from './new-key.tsx';

export default function KeysPage() {
  const { own } = useSession();
  return (
    <div class="stack">
      <PageHeading text="Keys" />
      <Show
        when={own.scopes.includes('admin')}
        fallback={
          <Empty title="Only administrators see keys">
            <p>Sign in with a key of the scope admin to make and revoke keys.</p>
          </Empty>
        }
      >
        <Administration />
      </Show>
    </div>
  );
}

function Administration() {
  const { client } = useSession();
  const keys = useQuery(() => ({
    queryKey: ['keys'],
    staleTime: 10_000,
    queryFn: ({ signal }) => readAll((query) => client.listKeys({ query }, { signal })),
  }));
  return (
    <>
      <NewKey keys={keys.isSuccess ? keys.data : undefined} />
      <Loaded query={keys} what="keys">
        {(items) => <KeysTable keys={items()} />}
      </Loaded>
    </>
  );
}
