/** What stands where data does not: it loads, it failed with a reason and a cure, or there is none yet. */
import type { UseQueryResult } from '@tanstack/solid-query';
import { For, Match, Show, Switch, type JSX } from 'solid-js';
import { ApiError } from '../../../shared/api/client.ts';
import type { Problem as ProblemDocument } from '../../../shared/api/problem.ts';

/** What is refused because of what there is now is said without the words of the protocol. */
function titleOf(problem: ProblemDocument | undefined): string | undefined {
  return problem?.status === 409 ? 'That cannot be done now' : problem?.title;
}

const READ_AGAIN = 'Nothing is lost; the page reads again when the connection is back.';

interface ProblemProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** What holds where the edge cannot be reached; that nothing is lost unless given. */
  readonly unreached?: string;
}

export function Problem(props: ProblemProps) {
  const problem = () => (props.error instanceof ApiError ? props.error.problem : undefined);
  return (
    <div class="notice bad" role="alert">
      <strong>{titleOf(problem()) ?? 'The edge cannot be reached'}</strong>
      <span>{problem()?.detail ?? props.unreached ?? READ_AGAIN}</span>
      <Show when={problem()?.errors}>
        {(errors) => (
          <ul>
            <For each={errors()}>
              {(error) => (
                <li>
                  <code>{error.pointer}</code> {error.detail}
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
      <Show when={props.onRetry}>
        {(retry) => (
          <span>
            <button type="button" class="button small" onClick={() => retry()()}>
              Try again
            </button>
          </span>
        )}
      </Show>
    </div>
  );
}

export function Empty(props: { readonly title: string; readonly children?: JSX.Element }) {
  return (
    <div class="empty">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  readonly what: string;
  readonly children: (data: () => T) => JSX.Element;
}

/** Shows data when it is there; data that could not be read again stays, with the reason above it. */
export function Loaded<T>(props: LoadedProps<T>) {
  const retry = () => void props.query.refetch();
  return (
    <Switch>
      <Match when={props.query.isPending}>
        <p class="loading" aria-live="polite">
          {props.query.fetchStatus === 'paused'
            ? `You are offline: ${props.what} will be read when the connection is back.`
            : `Reading ${props.what}…`}
        </p>
      </Match>
      <Match when={props.query.data === undefined}>
        <Problem error={props.query.error} onRetry={retry} />
      </Match>
      <Match when={true}>
        <Show when={props.query.isError}>
          <Problem error={props.query.error} onRetry={retry} />
        </Show>
        {props.children(() => props.query.data as T)}
      </Match>
    </Switch>
  );
}
