/** Principles: each with its versions, what changed between them, its labels, and who used which. */
import { A, useParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { createMemo, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { PrincipleView } from './principle-view.tsx';

const SHOWN = 200;

export default function PrinciplesPage() {
  const parameters = useParams<{ principleName?: string }>();
  const { client } = useSession();
  const principles = useQuery(() => ({
    queryKey: ['principles'],
    staleTime: 10_000,
    queryFn: async () => (await client.listPrinciples({ query: { limit: SHOWN } })).items,
  }));
  const shown = createMemo(
    () => parameters.principleName ?? (principles.isSuccess ? principles.data[0]?.name : undefined),
  );
  return (
    <div class="stack">
      <PageHeading text="Principles" />
      <Loaded query={principles} what="principles">
        {(items) => (
          <Show
            when={items().length > 0}
            fallback={
              <Empty title="No principle yet">
                <p>
                  <code>npm run demo</code> adds one; so does{' '}
                  <code>POST /v1/principles/&#123;name&#125;/versions</code>.
                </p>
              </Empty>
            }
          >
            <div class="split">
              <nav class="panel pick" aria-label="Principles">
                <ul>
                  <For each={items()}>
                    {({ name, latestVersion }) => (
                      <li>
                        <A href={`/principles/${name}`} aria-current={name === shown() ? 'true' : undefined}>
                          {name} <span class="muted tiny">v{latestVersion}</span>
                        </A>
                      </li>
                    )}
                  </For>
                </ul>
              </nav>
              <Show when={shown()} keyed>
                {(name) => <PrincipleView name={name} />}
              </Show>
            </div>
          </Show>
        )}
      </Loaded>
    </div>
  );
}
