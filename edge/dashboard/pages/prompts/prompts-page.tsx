/** Prompts: what experiments sample from; a new set out of a file, and every set with its prompts. */
import { A, useParams } from '@solidjs/router';
import { createMemo, For, Show } from 'solid-js';
import { lacks, usePromptSets } from '../../app/lists.ts';
import type { PromptSet } from '../../app/types.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { count } from '../../text/format.ts';
import { PromptSetView } from './prompt-set-view.tsx';
import { UploadPrompts } from './upload-prompts.tsx';

export default function PromptsPage() {
  const parameters = useParams<{ promptSetId?: string }>();
  const sets = usePromptSets();
  const shown = createMemo(() => {
    const found = sets.isSuccess ? sets.data : [];
    const asked = parameters.promptSetId;
    return asked === undefined ? found[0] : found.find(({ id }) => id === asked);
  });
  const isAsked = ({ id }: PromptSet) => id === parameters.promptSetId;
  return (
    <Show
      when={parameters.promptSetId === undefined || !lacks(sets, isAsked)}
      fallback={<Missing what="prompt set" href="/prompts" all="All prompts" />}
    >
      <div class="stack">
        <PageHeading text="Prompts" />
        <Loaded query={sets} what="prompt sets">
          {(items) => (
            <>
              <details class="panel" open={items().length === 0}>
                <summary>Upload prompts</summary>
                <UploadPrompts />
              </details>
              <Show
                when={items().length > 0}
                fallback={
                  <Empty title="No prompts yet">
                    <p>Upload a file of prompts: a line, a row or a message is enough for each.</p>
                  </Empty>
                }
              >
                <div class="split">
                  <nav class="panel pick" aria-label="Prompt sets">
                    <ul>
                      <For each={items()}>
                        {({ id, name, counts }) => (
                          <li>
                            <A href={`/prompts/${id}`} aria-current={id === shown()?.id ? 'true' : undefined}>
                              {name}{' '}
                              <span class="muted tiny">{count(counts.train + counts.dev + counts.test)}</span>
                            </A>
                          </li>
                        )}
                      </For>
                    </ul>
                  </nav>
                  <Show when={shown()} keyed>
                    {(set) => <PromptSetView set={set} />}
                  </Show>
                </div>
              </Show>
            </>
          )}
        </Loaded>
      </div>
    </Show>
  );
}
