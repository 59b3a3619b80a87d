/** The keys of the edge, the newest first; a revoked one stays in the list. */
import { useQueryClient } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { Key } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { ago, dateTime } from '../../text/format.ts';

export function KeysTable(props: { readonly keys: readonly Key[] }) {
  return (
    <div class="panel flush scroll" tabindex="0" role="region" aria-label="Keys">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Made</th>
            <th scope="col">Revoked</th>
            <th scope="col">
              <span class="sr-only">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <For
            each={props.keys}
            fallback={
              <tr>
                <td class="muted" colspan="5">
                  No key is made yet; this session uses the key of the edge's own environment.
                </td>
              </tr>
            }
          >
            {(key) => <KeyRow key={key} />}
          </For>
        </tbody>
      </table>
    </div>
  );
}

function KeyRow(props: { readonly key: Key }) {
  const { client, own } = useSession();
  const queryClient = useQueryClient();
  const isOwn = () => props.key.id === own.id;
  return (
    <tr>
      <th scope="row">
        {props.key.name}{' '}
        <Show when={isOwn()}>
          <span class="tag">this session's</span>
        </Show>
      </th>
      <td data-label="Scopes">
        <For each={props.key.scopes}>{(scope) => <span class="tag">{scope}</span>}</For>
      </td>
      <td data-label="Made" class="nowrap" title={dateTime(props.key.createdAt)}>
        {ago(props.key.createdAt, now())}
      </td>
      <td data-label="Revoked" class="nowrap">
        <Show when={props.key.revokedAt} fallback={<span class="muted">–</span>}>
          {(instant) => <span title={dateTime(instant())}>{ago(instant(), now())}</span>}
        </Show>
      </td>
      <td class="number">
        <Show when={props.key.revokedAt === null}>
          <ConfirmButton
            small
            word="Revoke"
            what={props.key.name}
            act={() => client.revokeKey({ parameters: { keyId: props.key.id } })}
            onDone={() => void queryClient.invalidateQueries({ queryKey: ['keys'] })}
          >
            Whoever uses it is refused from now on, for ever; a runner with it loses its work.
            {isOwn() ? ' This session uses it and ends.' : ''}
          </ConfirmButton>
        </Show>
      </td>
    </tr>
  );
}
