/** Completions of two systems beside each other, prompt by prompt, with the judge's scores. */
import { createMemo, createSignal, For, Show } from 'solid-js';
import { ModelText } from '../../components/model-text.tsx';
import { count, figure } from '../../text/format.ts';
import type { System } from './matrix.ts';

const PAGE = 10;

export function Beside(props: { readonly row: System; readonly column: System }) {
  const [limit, setLimit] = createSignal(PAGE);
  const prompts = createMemo(() =>
    [...props.row.answers].flatMap(([promptId, own]) => {
      const other = props.column.answers.get(promptId);
      return other ? [{ promptId, own, other }] : [];
    }),
  );
  const better = (own: number | null, other: number | null) => own !== null && other !== null && own > other;
  return (
    <section class="stack close" aria-label="Completions side by side">
      <h2>
        {props.row.name} beside {props.column.name}
      </h2>
      <p class="small muted">
        {count(prompts().length)} prompts in common, in order of the prompt set: nobody chose them.
      </p>
      <ol class="stack close">
        <For each={prompts().slice(0, limit())}>
          {({ promptId, own, other }) => (
            <li class="panel stack close">
              <p class="tiny muted">prompt {promptId}</p>
              <ModelText text={own.prompt} class="prompt" />
              <div class="sides">
                <For
                  each={
                    [
                      [props.row.name, own, better(own.score, other.score)],
                      [props.column.name, other, better(other.score, own.score)],
                    ] as const
                  }
                >
                  {([name, answer, won]) => (
                    <div class={`side${won ? ' good' : ''}`}>
                      <h3>
                        {name}{' '}
                        <span class="muted tiny">
                          {answer.score === null ? '' : `score ${figure(answer.score)}`}
                          {won ? ', preferred' : ''}
                        </span>
                      </h3>
                      <ModelText text={answer.response} />
                    </div>
                  )}
                </For>
              </div>
            </li>
          )}
        </For>
      </ol>
      <Show when={prompts().length > limit()}>
        <button type="button" class="button" onClick={() => setLimit(limit() + PAGE)}>
          Show more
        </button>
      </Show>
    </section>
  );
}
