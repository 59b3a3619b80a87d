/** The prompts of a set in the order of the upload, of one split or of all, as many as one asks for. */
import { useInfiniteQuery } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { SPLITS } from '../../../../shared/api/words.ts';
import { useSession } from '../../app/session.ts';
import type { Prompt } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';

const PAGE = 20;
type Split = (typeof SPLITS)[number];

export function PromptList(props: { readonly promptSetId: string }) {
  const { client } = useSession();
  const [split, setSplit] = createSignal<Split>();
  const pages = useInfiniteQuery(() => ({
    queryKey: ['prompts', props.promptSetId, split()],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const parameters = { promptSetId: props.promptSetId };
      const query = {
        limit: PAGE,
        split: split(),
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      };
      return client.listPrompts({ parameters, query }, { signal });
    },
    getNextPageParam: ({ nextCursor }: { nextCursor: string | null }) => nextCursor ?? undefined,
  }));
  const prompts = () => pages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section class="stack close">
      <div class="row" role="group" aria-label="Split">
        <For each={[undefined, ...SPLITS]}>
          {(choice) => (
            <button
              type="button"
              class="button small"
              aria-pressed={choice === split()}
              onClick={() => setSplit(choice)}
            >
              {choice ?? 'all'}
            </button>
          )}
        </For>
      </div>
      <Show when={pages.isError}>
        <Problem error={pages.error} onRetry={() => void pages.refetch()} />
      </Show>
      <ol class="stack close" aria-label="Prompts" aria-busy={pages.isFetching}>
        <For
          each={prompts()}
          fallback={
            <li class="muted">{pages.isPending ? 'Reading prompts…' : 'No prompt of this split.'}</li>
          }
        >
          {(prompt) => <PromptCard prompt={prompt} />}
        </For>
      </ol>
      <Show when={pages.hasNextPage}>
        <button
          type="button"
          class="button"
          disabled={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {pages.isFetchingNextPage ? 'Reading…' : 'Show more'}
        </button>
      </Show>
    </section>
  );
}

function PromptCard(props: { readonly prompt: Prompt }) {
  const answers = () =>
    (['chosen', 'rejected'] as const).flatMap((side) => {
      const text = props.prompt[side];
      return text === null ? [] : [[side, text] as const];
    });
  return (
    <li class="panel stack close">
      <p class="row small muted">
        <span>row {props.prompt.id}</span>
        <span class="tag">{props.prompt.split}</span>
      </p>
      <For each={props.prompt.turns} fallback={<ModelText text={props.prompt.prompt} />}>
        {(turn) => (
          <div class="side">
            <h3>{turn.role}</h3>
            <ModelText text={turn.text} />
          </div>
        )}
      </For>
      <Show when={answers().length > 0}>
        <div class="sides">
          <For each={answers()}>
            {([side, text]) => (
              <div class={`side ${side === 'chosen' ? 'good' : 'bad'}`}>
                <h3>{side === 'chosen' ? 'People preferred' : 'People rejected'}</h3>
                <ModelText text={text} />
              </div>
            )}
          </For>
        </div>
      </Show>
    </li>
  );
}
