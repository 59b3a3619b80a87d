/** The keys of the edge, the newest first; a revoked one stays in the list. */
import { useQueryClient } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { Key } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { count, dateTime, fromNow } from '../../text/format.ts';
import { visibleName } from '../../text/visible-text.ts';

export function KeysTable(props: { readonly keys: readonly Key[] }) {
  return (
    <div class="panel flush scroll" tabindex="0" role="region" aria-label="Keys">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Made</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            <th scope="col" class="number">
              Requests a minute
            </th>
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
                <td class="muted" colspan="8">
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
        {visibleName(props.key.name)}{' '}
        <Show when={isOwn()}>
          <span class="tag">this session's</span>
        </Show>
      </th>
      <td data-label="Scopes">
        <For each={props.key.scopes}>{(scope) => <span class="tag">{scope}</span>}</For>
      </td>
      <td data-label="Made" class="nowrap">
        <Instant at={props.key.createdAt} otherwise="" />
      </td>
      <td data-label="Last used" class="nowrap">
        <Instant at={props.key.lastUsedAt} otherwise="not yet" />
      </td>
      <td data-label="Expires" class="nowrap">
        <Instant at={props.key.expiresAt} otherwise="never" />
      </td>
      <td data-label="Requests a minute" class="number">
        <Show when={props.key.requestsPerMinute} fallback={<span class="muted">as any</span>}>
          {(most) => count(most())}
        </Show>
      </td>
      <td data-label="Revoked" class="nowrap">
        <Instant at={props.key.revokedAt} otherwise="–" />
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

function Instant(props: { readonly at: number | null; readonly otherwise: string }) {
  return (
    <Show when={props.at} fallback={<span class="muted">{props.otherwise}</span>}>
      {(instant) => <time title={dateTime(instant())}>{fromNow(instant(), now())}</time>}
    </Show>
  );
}
