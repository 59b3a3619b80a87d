/** What changed from one version of a principle to another. */
import { useQuery } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { Loaded } from '../../components/feedback.tsx';

interface VersionDifferenceProps {
  readonly name: string;
  readonly versions: readonly PrincipleVersion[];
  readonly shown: number;
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

export function VersionDifference(props: VersionDifferenceProps) {
  const { client } = useSession();
  const [from, setFrom] = createSignal<number>();
  const base = () => from() ?? props.versions.find(({ number }) => number !== props.shown)?.number ?? 1;
  const difference = useQuery(() => ({
    queryKey: ['principles', props.name, 'difference', base(), props.shown],
    queryFn: async () => {
      const query = { from: String(base()), to: String(props.shown) };
      const parameters = { principleName: props.name };
      return (await client.comparePrincipleVersions({ parameters, query })).changes;
    },
  }));
  return (
    <section class="panel stack close">
      <div class="row apart">
        <h2>Changes to version {props.shown}</h2>
        <label class="row">
          <span class="small muted">from version</span>
          <select value={base()} onChange={(event) => setFrom(Number(event.currentTarget.value))}>
            <For each={props.versions}>{({ number }) => <option value={number}>{number}</option>}</For>
          </select>
        </label>
      </div>
      <Loaded query={difference} what="the difference">
        {(changes) => (
          <dl class="diff stack close">
            <For each={changes()} fallback={<p class="muted">Nothing differs.</p>}>
              {(change) => (
                <div>
                  <dt>
                    <code>{change.pointer}</code>
                  </dt>
                  <dd class="text">
                    <Show when={change.before !== undefined}>
                      <del>{asText(change.before)}</del>{' '}
                    </Show>
                    <Show when={change.after !== undefined}>
                      <ins>{asText(change.after)}</ins>
                    </Show>
                  </dd>
                </div>
              )}
            </For>
          </dl>
        )}
      </Loaded>
    </section>
  );
}
