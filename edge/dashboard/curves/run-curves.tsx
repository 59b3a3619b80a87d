/** The charts of one stage of one experiment or several, those over each other: every metric that runners report. */
import { useQuery } from '@tanstack/solid-query';
import { createMemo, createSignal, For, Show } from 'solid-js';
import { useSession } from '../app/session.ts';
import { Loaded } from '../components/feedback.tsx';
import { CurveChart } from './curve-chart.tsx';
import { acrossOf, chartsOf, matches, type Chart, type Run } from './charts.ts';
import { ACROSS, type CurveView } from './curve-view.ts';

interface RunCurvesProps {
  /** Without the names of their metrics, which are read here. */
  readonly runs: readonly Omit<Run, 'names'>[];
  /** Of the policies of a run, the one to show; all where it tells none. */
  readonly policies?: ReadonlyMap<string, string>;
  readonly view: CurveView;
  readonly nothing: string;
}

export function RunCurves(props: RunCurvesProps) {
  const { client } = useSession();
  const taskIds = () => props.runs.map(({ taskId }) => taskId);
  const metrics = useQuery(() => ({
    queryKey: ['tasks', taskIds(), 'metrics'],
    queryFn: ({ signal }) =>
      Promise.all(
        taskIds().map(async (taskId) => {
          const answer = await client.listTaskMetrics({ parameters: { taskId } }, { signal });
          return answer.metrics.map(({ name }) => name);
        }),
      ),
  }));
  return (
    <Loaded query={metrics} what="metrics">
      {(found) => {
        const runs = createMemo(() =>
          props.runs.map((run, index): Run => {
            const policy = props.policies?.get(run.taskId);
            const names = (found()[index] ?? []).filter(
              (name) => policy === undefined || !name.includes('@') || name.endsWith(`@${policy}`),
            );
            return { ...run, names };
          }),
        );
        return (
          <Show
            when={runs().some(({ names }) => names.length > 0)}
            fallback={<p class="muted">{props.nothing}</p>}
          >
            <Charts runs={runs()} view={props.view} />
          </Show>
        );
      }}
    </Loaded>
  );
}

function Charts(props: { readonly runs: readonly Run[]; readonly view: CurveView }) {
  const [all, setAll] = createSignal(false);
  const charts = createMemo(() => chartsOf(props.runs));
  const main = () =>
    charts().main.filter(({ across }) => across === undefined || across !== props.view.across);
  const found = () => [...main(), ...charts().other].filter((chart) => matches(chart, props.view.filter));
  const isFiltered = () => props.view.filter.trim() !== '';
  const shown = () => (isFiltered() ? found() : main());
  /** Charts that cannot be drawn as is wanted. */
  const byStep = () => shown().some((chart) => acrossOf(chart, props.view.across) === 'step');
  return (
    <>
      <p class="tiny muted">
        {props.view.across === 'step'
          ? 'Drag over a chart to see a part of it more finely.'
          : byStep()
            ? `What tells nothing of ${ACROSS[props.view.across]} is drawn over steps.`
            : ''}
      </p>
      <ChartGrid charts={shown()} view={props.view} />
      <Show when={isFiltered() && shown().length === 0}>
        <p class="muted">No metric has these words in its name.</p>
      </Show>
      <Show when={!isFiltered() && charts().other.length > 0}>
        <button type="button" class="button" aria-expanded={all()} onClick={() => setAll(!all())}>
          {all() ? 'Hide the other metrics' : `Show ${charts().other.length} other metrics`}
        </button>
        <Show when={all()}>
          <ChartGrid charts={charts().other} view={props.view} />
        </Show>
      </Show>
    </>
  );
}

function ChartGrid(props: { readonly charts: readonly Chart[]; readonly view: CurveView }) {
  // By what they show: charts that are made anew with every report keep their place and what was zoomed.
  const keys = createMemo(() => props.charts.map(({ title, metric }) => `${title} ${metric}`));
  return (
    <div class="charts">
      <For each={keys()}>
        {(key) => {
          const chart = () => props.charts.find(({ title, metric }) => `${title} ${metric}` === key);
          return <Show when={chart()}>{(found) => <CurveChart chart={found()} view={props.view} />}</Show>;
        }}
      </For>
    </div>
  );
}
