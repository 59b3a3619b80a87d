/** One chart: its curves are read when it comes into view, at the width it has, and again when they grow. */
import { keepPreviousData, useQuery } from '@tanstack/solid-query';
import { createSignal, For, onCleanup, onMount, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { Problem } from '../../components/feedback.tsx';
import { figure } from '../../text/format.ts';
import type { Chart } from './metric-groups.ts';
import { Plot, type Curve, type StepRange } from './plot.tsx';

/** For each point of width there are two of the curve: the least and the greatest. */
const MAXIMUM_POINTS = 1600;

interface CurveChartProps {
  readonly taskId: string;
  readonly chart: Chart;
}

export function CurveChart(props: CurveChartProps) {
  const { client } = useSession();
  const [seen, setSeen] = createSignal(false);
  const [range, setRange] = createSignal<StepRange>();
  const [hovered, setHovered] = createSignal<number>();
  let element: HTMLElement | undefined;
  onMount(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
      },
      { rootMargin: '300px' },
    );
    if (element) observer.observe(element);
    onCleanup(() => observer.disconnect());
  });
  const curves = useQuery(() => ({
    queryKey: ['task', props.taskId, 'curve', props.chart.metric, range()],
    enabled: seen(),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      Promise.all(
        props.chart.lines.map(async ({ name, label }): Promise<Curve> => {
          const query = { name, maximumPoints: MAXIMUM_POINTS, ...range() };
          const curve = await client.getCurve({ parameters: { taskId: props.taskId }, query }, { signal });
          return { label, points: curve.points, total: curve.total };
        }),
      ),
  }));
  const data = () => (curves.isSuccess ? curves.data : undefined);
  /** The value at the hovered step, else the last. */
  const valueOf = (curve: Curve) => {
    const step = hovered();
    const point = step === undefined ? curve.points.at(-1) : curve.points.findLast(([at]) => at <= step);
    return point?.[1];
  };
  const summary = () =>
    (data() ?? [])
      .map((curve) => {
        const values = curve.points.map(([, value]) => value);
        const [least, greatest] = [Math.min(...values), Math.max(...values)];
        return `${curve.label}: ${curve.total} points from ${figure(least)} to ${figure(greatest)}, last ${figure(values.at(-1) ?? Number.NaN)}`;
      })
      .join('; ');
  return (
    <figure
      class="panel chart"
      ref={(node) => {
        element = node;
      }}
    >
      <figcaption>
        <span class="row apart">
          <h3>{props.chart.title}</h3>
          <Show when={range()}>
            <button type="button" class="button small" onClick={() => setRange(undefined)}>
              Show all steps
            </button>
          </Show>
        </span>
        <span class="tiny muted">{props.chart.meaning}</span>
      </figcaption>
      <Show when={curves.isError}>
        <Problem error={curves.error} onRetry={() => void curves.refetch()} />
      </Show>
      <div class="plot" role="img" aria-label={`${props.chart.title}. ${summary()}`}>
        <Show when={data()}>
          {(loaded) => <Plot curves={loaded()} onRange={setRange} onHover={setHovered} />}
        </Show>
      </div>
      <ul class="legend">
        <For each={data()}>
          {(curve, index) => (
            <li>
              <span class={`swatch series-${(index() % 6) + 1}`} />
              {curve.label} <span>{figure(valueOf(curve) ?? Number.NaN)}</span>
            </li>
          )}
        </For>
        <Show when={hovered() !== undefined}>
          <li>step {hovered()}</li>
        </Show>
      </ul>
    </figure>
  );
}
