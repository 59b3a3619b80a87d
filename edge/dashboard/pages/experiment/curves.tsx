/** The curves of an experiment's training, live: every metric that its runners report. */
import { useQuery } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail, Stage } from '../../app/types.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { CurveChart } from './curve-chart.tsx';
import { chartsOf } from './metric-groups.ts';

/** Policy first: it is what people come for. */
const ORDER = ['ppo', 'distill', 'train-preference-model'];

export function Curves(props: { readonly experiment: ExperimentDetail }) {
  const stages = () =>
    props.experiment.stages
      .filter(({ kind, tasks }) => ORDER.includes(kind) && tasks.length > 0)
      .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  return (
    <Show
      when={stages().length > 0}
      fallback={<Empty title="No curve yet">A stage that trains draws them while it runs.</Empty>}
    >
      <div class="stack">
        <For each={stages().map(({ name }) => name)}>
          {(name) => {
            const stage = () => stages().find((candidate) => candidate.name === name);
            return <Show when={stage()}>{(found) => <StageCurves stage={found()} />}</Show>;
          }}
        </For>
      </div>
    </Show>
  );
}

function StageCurves(props: { readonly stage: Stage }) {
  const { client } = useSession();
  const [all, setAll] = createSignal(false);
  const taskId = () => props.stage.tasks[0]?.id ?? '';
  const metrics = useQuery(() => ({
    queryKey: ['task', taskId(), 'metrics'],
    queryFn: async () => {
      const answer = await client.listTaskMetrics({ parameters: { taskId: taskId() } });
      return answer.metrics.map(({ name }) => name);
    },
  }));
  return (
    <section class="stack close">
      <h2>{props.stage.name}</h2>
      <Loaded query={metrics} what="metrics">
        {(names) => {
          const charts = () => chartsOf(names());
          return (
            <Show
              when={names().length > 0}
              fallback={<p class="muted">{props.stage.waitsFor ?? 'No metric was reported yet.'}</p>}
            >
              <p class="tiny muted">Drag over a chart to see a part of it more finely.</p>
              <div class="charts">
                <For each={charts().main}>{(chart) => <CurveChart taskId={taskId()} chart={chart} />}</For>
              </div>
              <Show when={charts().other.length > 0}>
                <button type="button" class="button" aria-expanded={all()} onClick={() => setAll(!all())}>
                  {all() ? 'Hide the other metrics' : `Show ${charts().other.length} other metrics`}
                </button>
                <Show when={all()}>
                  <div class="charts">
                    <For each={charts().other}>
                      {(chart) => <CurveChart taskId={taskId()} chart={chart} />}
                    </For>
                  </div>
                </Show>
              </Show>
            </Show>
          );
        }}
      </Loaded>
    </section>
  );
}
