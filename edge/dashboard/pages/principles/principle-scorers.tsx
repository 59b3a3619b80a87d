/** The scorers that were taught for a principle, with their labels; nothing where there are none. */
import { useQuery, useQueryClient } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import { readAll } from '../../app/read-all.ts';
import { useSession } from '../../app/session.ts';
import type { Scorer } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { Loaded } from '../../components/feedback.tsx';
import { ago, dateTime } from '../../text/format.ts';

const ALL = ['scorers'];

export function PrincipleScorers(props: { readonly name: string }) {
  const { client } = useSession();
  const scorers = useQuery(() => ({
    queryKey: ALL,
    staleTime: 10_000,
    // A row stays the one it was: else a list that is read again closes the question that somebody has just been asked.
    reconcile: 'id',
    queryFn: ({ signal }) => readAll((query) => client.listScorers({ query }, { signal })),
  }));
  return (
    <Loaded query={scorers} what="scorers">
      {(items) => {
        const own = () => items().filter(({ principle }) => principle.name === props.name);
        return (
          <Show when={own().length > 0}>
            <section class="stack close">
              <h2>Scorers</h2>
              <div
                class="panel flush scroll"
                tabindex="0"
                role="region"
                aria-label="Scorers of the principle"
              >
                <table class="cards">
                  <thead>
                    <tr>
                      <th scope="col">Scorer</th>
                      <th scope="col">Version</th>
                      <th scope="col">Labels</th>
                      <th scope="col">Made</th>
                      <th scope="col">
                        <span class="sr-only">Delete</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    <For each={own()}>{(scorer) => <ScorerRow scorer={scorer} />}</For>
                  </tbody>
                </table>
              </div>
            </section>
          </Show>
        );
      }}
    </Loaded>
  );
}

function ScorerRow(props: { readonly scorer: Scorer }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const refresh = () => void queryClient.invalidateQueries({ queryKey: ALL });
  return (
    <tr>
      <th scope="row" class="hash" title={props.scorer.id}>
        {props.scorer.sha256.slice(0, 12)}
      </th>
      <td data-label="Version">{props.scorer.principle.version}</td>
      <td data-label="Labels">
        <span class="row">
          <For each={props.scorer.labels} fallback={<span class="muted">none</span>}>
            {(label) => (
              <>
                <span class="tag">{label}</span>
                <ConfirmButton
                  small
                  word="Delete"
                  what={`the scorers' label ${label}`}
                  act={() => {
                    const parameters = { principleName: props.scorer.principle.name, scorerLabel: label };
                    return client.deleteScorerLabel({ parameters });
                  }}
                  onDone={refresh}
                >
                  Texts that are scored by it are refused. The scorer stays.
                </ConfirmButton>
              </>
            )}
          </For>
        </span>
      </td>
      <td data-label="Made" class="nowrap" title={dateTime(props.scorer.createdAt)}>
        {ago(props.scorer.createdAt, now())}
      </td>
      <td class="number">
        <ConfirmButton
          small
          word="Delete"
          what={`the scorer ${props.scorer.sha256.slice(0, 12)}`}
          act={() => client.deleteScorer({ parameters: { scorerId: props.scorer.id } })}
          onDone={refresh}
        >
          A scorer that a label points at, or whose experiment is still there, is refused.
        </ConfirmButton>
      </td>
    </tr>
  );
}
