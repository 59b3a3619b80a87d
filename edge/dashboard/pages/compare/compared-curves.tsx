/** The curves of the compared experiments over each other, stage by stage; of each, the policy that was chosen. */
import { createMemo, For, Show } from 'solid-js';
import { selectResult } from '../../../../shared/api/tasks/select.ts';
import { CurveControls } from '../../curves/curve-controls.tsx';
import { useCurveView } from '../../curves/curve-view.ts';
import { RunCurves } from '../../curves/run-curves.tsx';
import { trainingOf } from '../../curves/training-stages.ts';
import type { Read } from './read-experiments.ts';

/** The policy of the chosen cell, as its metrics name it; undefined before one is chosen. */
function chosenOf({ detail }: Read): string | undefined {
  const { data } = selectResult.safeParse(detail.results['select']?.[0]);
  return data && `kl=${data.chosen.klCoefficient}`;
}

/** More lines than these nobody tells apart, and each asks the edge for itself. */
const MOST = 20;

export function ComparedCurves(props: { readonly experiments: readonly Read[] }) {
  return (
    <section class="stack close" aria-label="Curves">
      <h2>Curves</h2>
      <Show
        when={props.experiments.length <= MOST}
        fallback={<p class="muted">Curves are drawn over each other of up to {MOST} experiments.</p>}
      >
        <Curves experiments={props.experiments} />
      </Show>
    </section>
  );
}

function Curves(props: { readonly experiments: readonly Read[] }) {
  const [view, change] = useCurveView();
  const trainings = createMemo(() =>
    props.experiments.flatMap((read) =>
      trainingOf(read.detail, read.name).map(({ name, run }) => ({ name, run, policy: chosenOf(read) })),
    ),
  );
  const stages = () => [...new Set(trainings().map(({ name }) => name))];
  const policies = createMemo(
    () =>
      new Map(
        trainings().flatMap(({ run, policy }) =>
          policy === undefined ? [] : [[run.taskId, policy] as const],
        ),
      ),
  );
  return (
    <>
      <p class="small muted">
        Of each experiment the KL coefficient that was chosen, or all of them before one is.
      </p>
      <CurveControls view={view()} onChange={change} />
      <For each={stages()}>
        {(stage) => (
          <section class="stack close">
            <h3>{stage}</h3>
            <RunCurves
              runs={trainings()
                .filter(({ name }) => name === stage)
                .map(({ run }) => run)}
              policies={policies()}
              view={view()}
              nothing="No metric was reported yet."
            />
          </section>
        )}
      </For>
    </>
  );
}
