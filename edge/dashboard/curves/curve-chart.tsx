/** One chart: its curves are read when it comes into view, at the width it has, and again when they grow. */
import { keepPreviousData, useQuery } from '@tanstack/solid-query';
import { createMemo, createSignal, For, onCleanup, onMount, Show } from 'solid-js';
import { useSession } from '../app/session.ts';
import { Problem } from '../components/feedback.tsx';
import { figure } from '../text/format.ts';
import { whyBelow } from '../text/kl-note.ts';
import { acrossOf, KL, type Chart } from './charts.ts';
import { ACROSS, SMOOTHINGS, type CurveView } from './curve-view.ts';
import { lookOf, Plot, type Shape } from './plot.tsx';
import { drawn, readCurves, type Curve, type StepRange } from './read-curves.ts';
import { smoothed } from './transform.ts';

interface CurveChartProps {
  readonly chart: Chart;
  readonly view: CurveView;
}

export function CurveChart(props: CurveChartProps) {
  const { client } = useSession();
  const [seen, setSeen] = createSignal(false);
  const [zoom, setZoom] = createSignal<StepRange>();
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
  const across = () => acrossOf(props.chart, props.view.across);
  const range = () => (across() === 'step' ? zoom() : undefined);
  const curves = useQuery(() => {
    const { chart } = props;
    const taskIds = [...new Set(chart.lines.map(({ run }) => run.taskId))];
    const names = chart.lines.map(({ name }) => name);
    return {
      queryKey: ['tasks', taskIds, 'curves', names, across(), range()],
      enabled: seen(),
      placeholderData: keepPreviousData,
      queryFn: ({ signal }) => readCurves(client, chart, across(), range(), signal),
    };
  });
  const data = () => (curves.isSuccess ? curves.data : undefined);
  const weight = () => SMOOTHINGS[props.view.smoothing];
  const shapesOf = (kept: number, faint: boolean) =>
    (data() ?? []).map((curve, index): Shape => {
      return { label: curve.label, points: drawn(curve, smoothed(curve.points, kept)), faint, index };
    });
  const shapes = createMemo(() => shapesOf(weight(), false));
  const all = createMemo(() => (weight() === 0 ? shapes() : [...shapesOf(0, true), ...shapes()]));
  /** A line's value at the hovered place, else the last step's; a dash before it is read. */
  const valueAt = (index: number) => {
    const x = hovered();
    const points =
      x === undefined ? smoothed(data()?.[index]?.points ?? [], weight()) : shapes()[index]?.points;
    const point = x === undefined ? points?.at(-1) : points?.findLast(([at]) => at <= x);
    return point === undefined ? '–' : figure(point[1]);
  };
  /** Whether or not it is needed: what stands below a chart keeps its place when the chart is read. */
  const note = () => {
    const { metric, lines } = props.chart;
    return metric.startsWith(KL)
      ? whyBelow(metric === KL ? lines[0]?.run.klEstimator : undefined)
      : undefined;
  };
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
            <button type="button" class="button small" onClick={() => setZoom(undefined)}>
              Show all steps
            </button>
          </Show>
        </span>
        <span class="tiny muted">
          {[props.chart.meaning, across() === 'step' ? '' : `over ${ACROSS[across()]}`]
            .filter(Boolean)
            .join('; ')}
        </span>
      </figcaption>
      <Show when={curves.isError}>
        <Problem error={curves.error} onRetry={() => void curves.refetch()} />
      </Show>
      <div
        class="plot"
        role="img"
        aria-label={`${props.chart.title}. ${(data() ?? []).map(told).join('; ')}`}
      >
        <Show when={data()}>
          <Plot
            shapes={all()}
            bySteps={across() !== 'kl'}
            scattered={across() === 'kl'}
            log={props.view.log}
            onRange={across() === 'step' ? setZoom : undefined}
            onHover={setHovered}
          />
        </Show>
      </div>
      <ul class="legend">
        {/* Of the lines, not of what was read of them: nothing below moves when it comes. */}
        <For each={props.chart.lines}>
          {({ label }, index) => (
            <li>
              <span class={`swatch series-${lookOf(index()).colour} dash-${lookOf(index()).dash}`} />
              {label} <span class="value">{valueAt(index())}</span>
            </li>
          )}
        </For>
        {/* Has its place before one points at anything. */}
        <li aria-hidden={hovered() === undefined} classList={{ unseen: hovered() === undefined }}>
          {across() === 'kl' ? 'KL' : across()} <span class="value">{figure(hovered() ?? 0)}</span>
        </li>
      </ul>
      <Show when={note()}>
        {(text) => (
          <details class="tiny muted">
            <summary>Below 0?</summary>
            {text()}
          </details>
        )}
      </Show>
    </figure>
  );
}

/** To those who cannot see it. */
function told({ label, points, total }: Curve): string {
  const values = points.map(([, value]) => value);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return `${label}: ${total} points from ${figure(least)} to ${figure(greatest)}, last ${figure(values.at(-1) ?? Number.NaN)}`;
}
