/** One principle: the version that is looked at, its labels, its users, and a try. */
import { A } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { createMemo, createSignal, For, Show } from 'solid-js';
import { affixWarning } from '../../../../shared/principles/affix-warnings.ts';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { Loaded } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';
import { Status } from '../../components/status.tsx';
import { ago } from '../../text/format.ts';
import { DeletePrinciple } from './delete-principle.tsx';
import { Labels } from './labels.tsx';
import { PrincipleScorers } from './principle-scorers.tsx';
import { TryPrinciple } from './try-principle.tsx';
import { VersionDifference } from './version-difference.tsx';
import { visibleName } from '../../text/visible-text.ts';

const SHOWN = 200;

export function PrincipleView(props: { readonly name: string }) {
  const { client } = useSession();
  const [number, setNumber] = createSignal<number>();
  const versions = useQuery(() => ({
    queryKey: ['principles', props.name, 'versions'],
    queryFn: async () => {
      const parameters = { principleName: props.name };
      return (await client.listPrincipleVersions({ parameters, query: { limit: SHOWN } })).items;
    },
  }));
  return (
    <Loaded query={versions} what="versions">
      {(items) => {
        const version = createMemo(() => items().find((item) => item.number === number()) ?? items()[0]);
        return (
          <Show when={version()}>
            {(shown) => (
              <div class="stack">
                <div class="row apart">
                  <h2>{props.name}</h2>
                  <div class="row">
                    <label class="row">
                      <span class="small muted">Version</span>
                      <select
                        value={shown().number}
                        onChange={(event) => setNumber(Number(event.currentTarget.value))}
                      >
                        <For each={items()}>
                          {(item) => (
                            <option value={item.number}>
                              {item.number}
                              {item.labels.length > 0 ? ` (${item.labels.join(', ')})` : ''}
                            </option>
                          )}
                        </For>
                      </select>
                    </label>
                    <A class="button" href={`/write/${props.name}`}>
                      New version
                    </A>
                    <DeletePrinciple name={props.name} versions={items()} shown={shown().number} />
                  </div>
                </div>
                <Definition version={shown()} />
                <Labels version={shown()} />
                <Show when={items().length > 1}>
                  <VersionDifference name={props.name} versions={items()} shown={shown().number} />
                </Show>
                <TryPrinciple version={shown()} />
                <PrincipleScorers name={props.name} />
                <UsedBy name={props.name} version={shown().number} />
              </div>
            )}
          </Show>
        );
      }}
    </Loaded>
  );
}

function Definition(props: { readonly version: PrincipleVersion }) {
  const definition = () => props.version.definition;
  return (
    <section class="panel stack close">
      <ModelText text={definition().description} />
      <dl class="facts small">
        <div>
          <dt>Form</dt>
          <dd>{definition().form}</dd>
        </div>
        <Show when={definition().placement}>
          {(placement) => (
            <div>
              <dt>Affixes in a chat</dt>
              <dd>{placement()}</dd>
            </div>
          )}
        </Show>
        <Show when={definition().responseOpening !== ''}>
          <div>
            <dt>Every response begins</dt>
            <dd>{definition().responseOpening}</dd>
          </div>
        </Show>
        <div>
          <dt>Affix pairs</dt>
          <dd>{definition().affixPairs.length}</dd>
        </div>
        <div>
          <dt>Made</dt>
          <dd>{ago(props.version.createdAt, now())}</dd>
        </div>
      </dl>
      <ol class="stack close">
        <For each={definition().affixPairs}>
          {(pair, index) => (
            <li class="sides">
              <div class="side good">
                <h3>Pair {index() + 1}, towards</h3>
                <ModelText text={pair.positive} />
                <Warning of={affixWarning(definition().form, pair.positive)} />
              </div>
              <div class="side bad">
                <h3>Pair {index() + 1}, away</h3>
                <ModelText text={pair.negative} />
                <Warning of={affixWarning(definition().form, pair.negative)} />
              </div>
            </li>
          )}
        </For>
      </ol>
    </section>
  );
}

/** What is odd about the text above it. */
function Warning(props: { readonly of: string | undefined }) {
  return (
    <Show when={props.of}>
      <p class="notice warn small">It {props.of}</p>
    </Show>
  );
}

function UsedBy(props: { readonly name: string; readonly version: number }) {
  const { client } = useSession();
  const experiments = useQuery(() => ({
    queryKey: ['experiments', 'of-principle', props.name],
    staleTime: 10_000,
    queryFn: async () => {
      const query = { principle: props.name, limit: SHOWN };
      return (await client.listExperiments({ query })).items;
    },
  }));
  return (
    <section class="stack close">
      <h2>Experiments</h2>
      <Loaded query={experiments} what="experiments">
        {(items) => (
          <div
            class="panel flush scroll"
            tabindex="0"
            role="region"
            aria-label="Experiments of the principle"
          >
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">Version</th>
                  <th scope="col">Experiment</th>
                  <th scope="col">State</th>
                  <th scope="col">Made</th>
                </tr>
              </thead>
              <tbody>
                <For
                  each={items()}
                  fallback={
                    <tr>
                      <td class="muted">No experiment used it yet.</td>
                    </tr>
                  }
                >
                  {(item) => (
                    <tr class={item.principle.version === props.version ? 'pinned' : ''}>
                      <td data-label="Version">{item.principle.version}</td>
                      <td data-label="Experiment">
                        <A class="name" href={`/experiments/${item.id}`}>
                          {visibleName(item.name)}
                        </A>
                      </td>
                      <td data-label="State">
                        <Status status={item.status} />
                      </td>
                      <td data-label="Made" class="nowrap">
                        {ago(item.createdAt, now())}
                      </td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </section>
  );
}
