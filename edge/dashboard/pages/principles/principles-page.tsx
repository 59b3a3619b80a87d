/** Principles: each with its versions, what changed between them, its labels, and who used which. */
import { A, useParams } from '@solidjs/router';
import { createMemo, For, Show } from 'solid-js';
import { lacks, usePrinciples } from '../../app/lists.ts';
import type { Principle } from '../../app/types.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { PrincipleView } from './principle-view.tsx';

export default function PrinciplesPage() {
  const parameters = useParams<{ principleName?: string }>();
  const principles = usePrinciples();
  const shown = createMemo(
    () => parameters.principleName ?? (principles.isSuccess ? principles.data[0]?.name : undefined),
  );
  const isAsked = ({ name }: Principle) => name === parameters.principleName;
  return (
    <Show
      when={parameters.principleName === undefined || !lacks(principles, isAsked)}
      fallback={<Missing what="principle" href="/principles" all="All principles" />}
    >
      <div class="stack">
        <div class="row apart">
          <PageHeading text="Principles" />
          <A class="button primary" href="/write">
            New principle
          </A>
        </div>
        <Loaded query={principles} what="principles">
          {(items) => (
            <Show
              when={items().length > 0}
              fallback={
                <Empty title="No principle yet">
                  <p>
                    <A href="/write">Write one</A>: what it asks in plain words, and two texts that urge a
                    prompt towards it and away from it. <code>npm run demo</code> brings one, too.
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
                          <A
                            href={`/principles/${name}`}
                            aria-current={name === shown() ? 'true' : undefined}
                          >
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
    </Show>
  );
}
