/** The first prompts that a judge read, with the answers of base and aligned model: in order, so that nobody chose them. */
import { A } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Loaded } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';

const SHOWN = 3;

export function FirstAnswers(props: { readonly experiment: ExperimentDetail }) {
  return (
    <Show when={props.experiment.verdicts[0]?.judge} keyed>
      {(judge) => <Answers experimentId={props.experiment.id} judge={judge} />}
    </Show>
  );
}

function Answers(props: { readonly experimentId: string; readonly judge: string }) {
  const { client } = useSession();
  const first = useQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'first-answers', props.judge],
    queryFn: async ({ signal }) => {
      const parameters = { experimentId: props.experimentId };
      const query = { source: 'machine', judge: props.judge, limit: SHOWN } as const;
      return (await client.listComparisons({ parameters, query }, { signal })).items;
    },
  }));
  return (
    <section class="stack close" aria-labelledby="first-answers">
      <div class="row apart">
        <h2 id="first-answers">Before and after</h2>
        <A class="small" href={`/compare?ids=${props.experimentId}`}>
          All answers
        </A>
      </div>
      <p class="small muted">The first prompts of the test, in order: nobody chose them.</p>
      <Loaded query={first} what="answers">
        {(items) => (
          <ol class="stack close">
            <For each={items()}>
              {({ prompt, secondResponse, firstResponse }) => (
                <li class="panel stack close">
                  <ModelText text={prompt} class="prompt" />
                  <div class="sides">
                    <div class="side">
                      <h3>Base</h3>
                      <ModelText text={secondResponse} />
                    </div>
                    <div class="side good">
                      <h3>Aligned</h3>
                      <ModelText text={firstResponse} />
                    </div>
                  </div>
                </li>
              )}
            </For>
          </ol>
        )}
      </Loaded>
    </section>
  );
}
