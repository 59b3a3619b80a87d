/** The curves of an experiment's training, live: every metric that its runners report. */
import { For, Show } from 'solid-js';
import type { ExperimentDetail } from '../../app/types.ts';
import { Empty } from '../../components/feedback.tsx';
import { CurveControls } from '../../curves/curve-controls.tsx';
import { useCurveView } from '../../curves/curve-view.ts';
import { RunCurves } from '../../curves/run-curves.tsx';
import { trainingOf } from '../../curves/training-stages.ts';

export function Curves(props: { readonly experiment: ExperimentDetail }) {
  const [view, change] = useCurveView();
  const stages = () => trainingOf(props.experiment, '');
  return (
    <Show
      when={stages().length > 0}
      fallback={<Empty title="No curve yet">A stage that trains draws them while it runs.</Empty>}
    >
      <div class="stack">
        <CurveControls view={view()} onChange={change} />
        <For each={stages().map(({ name }) => name)}>
          {(name) => {
            const stage = () => stages().find((candidate) => candidate.name === name);
            return (
              <Show when={stage()}>
                {(found) => (
                  <section class="stack close">
                    <h2>{name}</h2>
                    <RunCurves
                      runs={[found().run]}
                      view={view()}
                      nothing={found().waitsFor ?? 'No metric was reported yet.'}
                    />
                  </section>
                )}
              </Show>
            );
          }}
        </For>
      </div>
    </Show>
  );
}
