/** Curves on a canvas (uPlot). Every point that is given is drawn; the API has kept the least and the greatest ones. */
import { createEffect, on, onCleanup, onMount } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { isDark } from '../../app/theme.ts';
import { figure } from '../../text/format.ts';

export interface Curve {
  readonly label: string;
  readonly points: readonly (readonly [step: number, value: number])[];
  /** Points there are, drawn or not. */
  readonly total: number;
}

/** The steps that a chart shows. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

interface PlotProps {
  readonly curves: readonly Curve[];
  readonly onRange: (range: StepRange) => void;
  readonly onHover: (step: number | undefined) => void;
}

const HEIGHT = 200;
const SERIES = 6;
/** Between two steps there is none. */
const STEP_INCREMENTS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();
/** So few points are drawn as dots, too. */
const DOTS_BELOW = 40;

/** One table of all curves by step; a step that a curve has no point at is no gap in it. */
function toTable(curves: readonly Curve[]): uPlot.AlignedData {
  return uPlot.join(
    curves.map(({ points }) => [points.map(([step]) => step), points.map(([, value]) => value)]),
  );
}

/** A colour of the style sheet as the canvas takes it. */
function colourOf(element: HTMLElement, variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function Plot(props: PlotProps) {
  let element: HTMLDivElement | undefined;
  let plot: uPlot | undefined;

  function draw(parent: HTMLDivElement): uPlot {
    const [muted, line] = [colourOf(parent, '--muted'), colourOf(parent, '--line')];
    const axis: uPlot.Axis = {
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    };
    return new uPlot(
      {
        width: parent.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false }, points: { size: 7 } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 28, incrs: STEP_INCREMENTS },
          { ...axis, size: 52, values: (_, values) => values.map((value) => figure(value)) },
        ],
        series: [
          { label: 'step' },
          ...props.curves.map(({ label, points }, index) => ({
            label,
            stroke: colourOf(parent, `--series-${(index % SERIES) + 1}`),
            width: 1.5,
            spanGaps: true,
            points: { show: points.length < DOTS_BELOW, size: 4 },
          })),
        ],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 2) return;
              const at = (pixels: number) => Math.max(0, Math.round(self.posToVal(pixels, 'x')));
              props.onRange({ from: at(self.select.left), to: at(self.select.left + self.select.width) });
            },
          ],
          setCursor: [
            (self) => {
              const { idx } = self.cursor;
              props.onHover(idx === null || idx === undefined ? undefined : self.data[0][idx]);
            },
          ],
        },
      },
      toTable(props.curves),
      parent,
    );
  }

  onMount(() => {
    if (!element) return;
    const parent = element;
    plot = draw(parent);
    const observer = new ResizeObserver(() => plot?.setSize({ width: parent.clientWidth, height: HEIGHT }));
    observer.observe(parent);
    onCleanup(() => {
      observer.disconnect();
      plot?.destroy();
    });
    createEffect(
      on(
        [() => props.curves.map(({ label }) => label).join('\n'), isDark],
        () => {
          plot?.destroy();
          plot = draw(parent);
        },
        { defer: true },
      ),
    );
    createEffect(
      on(
        () => props.curves,
        (curves) => plot?.setData(toTable(curves)),
        { defer: true },
      ),
    );
  });

  return (
    <div
      ref={(node) => {
        element = node;
      }}
    />
  );
}
