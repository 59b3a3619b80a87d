/** A new experiment out of what is there; or the same again, to be changed. */
import { A, useSearchParams } from '@solidjs/router';
import { For, Show } from 'solid-js';
import { useBaseModels, usePrinciples, usePromptSets } from '../../app/lists.ts';
import { useExperiment } from '../../app/use-experiment.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { isMissing, Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { draftOf, newDraft } from './draft.ts';
import { ExperimentForm } from './experiment-form.tsx';
import type { Parts } from './parts.ts';
import { visibleName } from '../../text/visible-text.ts';

export default function NewExperimentPage() {
  const [parameters] = useSearchParams<{ from: string }>();
  const models = useBaseModels();
  const principles = usePrinciples();
  const promptSets = usePromptSets();
  const source = useExperiment(() => parameters.from);
  return (
    <Show
      when={!isMissing(source.error)}
      fallback={<Missing what="experiment" href="/experiments/new" all="A new one" />}
    >
      <div class="stack">
        <p class="small">
          <A href="/experiments">Experiments</A>
        </p>
        <PageHeading text="New experiment" />
        <Loaded query={models} what="models">
          {(models) => (
            <Loaded query={principles} what="principles">
              {(principles) => (
                <Loaded query={promptSets} what="prompt sets">
                  {(promptSets) => (
                    <Ready
                      parts={{ models: models(), principles: principles(), promptSets: promptSets() }}
                      from={parameters.from === undefined ? undefined : source}
                    />
                  )}
                </Loaded>
              )}
            </Loaded>
          )}
        </Loaded>
      </div>
    </Show>
  );
}

/** What an experiment cannot be made without, and where it is made. */
function missingOf({ models, principles, promptSets }: Parts) {
  return [
    ...(models.some(({ served }) => !served) ? [] : [['a model', '/models'] as const]),
    ...(principles.length > 0 ? [] : [['a principle', '/write'] as const]),
    ...(promptSets.length > 0 ? [] : [['prompts', '/prompts'] as const]),
  ];
}

type Source = ReturnType<typeof useExperiment>;

function Ready(props: { readonly parts: Parts; readonly from: Source | undefined }) {
  return (
    <Show
      when={missingOf(props.parts).length === 0}
      fallback={
        <Empty title="Something is missing">
          <p>An experiment aligns a model to a principle on prompts. There is nothing yet of:</p>
          <ul>
            <For each={missingOf(props.parts)}>
              {([what, where]) => (
                <li>
                  <A href={where}>{what}</A>
                </li>
              )}
            </For>
          </ul>
        </Empty>
      }
    >
      <Show
        when={props.from}
        keyed
        fallback={<ExperimentForm parts={props.parts} draft={newDraft(props.parts)} />}
      >
        {(source) => <Clone parts={props.parts} source={source} />}
      </Show>
    </Show>
  );
}

function Clone(props: { readonly parts: Parts; readonly source: Source }) {
  return (
    <Loaded query={props.source} what="the experiment">
      {(experiment) => (
        <>
          <p class="lead">
            It begins as <A href={`/experiments/${experiment().id}`}>{visibleName(experiment().name)}</A>.
            Work that both have in common is not done again.
          </p>
          <ExperimentForm parts={props.parts} draft={draftOf(experiment())} from={experiment().id} />
        </>
      )}
    </Loaded>
  );
}
