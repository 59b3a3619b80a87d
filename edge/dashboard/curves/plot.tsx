/** Curves on a canvas (uPlot). Every point that is given is drawn; the API has kept the least and the greatest ones. */
import { createEffect, on, onCleanup, onMount } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { isDark } from '../app/theme.ts';
import { figure } from '../text/format.ts';
import { tickText } from '../text/tick-text.ts';
import type { StepRange } from './read-curves.ts';
import type { Point } from './transform.ts';

export interface Shape {
  readonly label: string;
  readonly points: readonly Point[];
  /** Behind the others, as what they are the average of. */
  readonly faint: boolean;
  /** Which look it has: see lookOf. */
  readonly index: number;
}

interface PlotProps {
  readonly shapes: readonly Shape[];
  /** Whole numbers, between which there is none. */
  readonly bySteps: boolean;
  /** A point for each step and no line: x does not rise with the steps. */
  readonly scattered: boolean;
  readonly log: boolean;
  /** Undefined where no part of it can be read more finely. */
  readonly onRange: ((range: StepRange) => void) | undefined;
  readonly onHover: (x: number | undefined) => void;
}

const HEIGHT = 200;
const COLOURS = 6;
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
const STEP_INCREMENTS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();
/** So few points are drawn as dots, too. */
const DOTS_BELOW = 40;
/** uPlot's numbers of scales; the last is logarithmic on both sides of 0. */
const DISTRIBUTIONS = { linear: 1, logarithmic: 3, 'both sides': 4 } as const;

/** A colour of the style sheet, and a dash once the colours are used up. */
export function lookOf(index: number): { readonly colour: number; readonly dash: number } {
  return { colour: (index % COLOURS) + 1, dash: Math.floor(index / COLOURS) % DASHES.length };
}

/** One table of all curves by x; an x that a curve has no point at is no gap in it. */
function toTable(shapes: readonly Shape[]): uPlot.AlignedData {
  return uPlot.join(shapes.map(({ points }) => [points.map(([x]) => x), points.map(([, value]) => value)]));
}

/** A colour of the style sheet as the canvas takes it. */
function colourOf(element: HTMLElement, colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function distributionOf({ log, shapes }: PlotProps): keyof typeof DISTRIBUTIONS {
  const values = shapes.flatMap(({ points }) => points.map(([, value]) => value));
  // Where nothing differs from 0 there is no power of ten to begin with.
  if (!log || values.every((value) => value === 0)) return 'linear';
  return values.every((value) => value > 0) ? 'logarithmic' : 'both sides';
}

/** Text that changes when the scale must be made anew. */
function scaleOf(props: PlotProps): string {
  const distribution = distributionOf(props);
  return distribution === 'both sides' ? `${distribution} ${evenBelow(props)}` : distribution;
}

/** Below this size a scale of both sides is even: two powers of ten under the greatest. */
function evenBelow({ shapes }: PlotProps): number {
  const sizes = shapes.flatMap(({ points }) => points.map(([, value]) => Math.abs(value)));
  return 10 ** (Math.floor(Math.log10(Math.max(Number.MIN_VALUE, ...sizes))) - 2);
}

export function Plot(props: PlotProps) {
  let element: HTMLDivElement | undefined;
  let plot: uPlot | undefined;

  function draw(parent: HTMLDivElement): uPlot {
    const axis: uPlot.Axis = {
      stroke: colourOf(parent, 'var(--muted)'),
      grid: { stroke: colourOf(parent, 'var(--line)'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
      values: (_, values, __, ___, increment) => values.map((value) => tickText(value, increment)),
    };
    const distribution = distributionOf(props);
    const { onRange } = props;
    return new uPlot(
      {
        width: parent.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: onRange !== undefined, y: false }, points: { size: 7 } },
        scales: { x: { time: false }, y: { distr: DISTRIBUTIONS[distribution], asinh: evenBelow(props) } },
        axes: [
          { ...axis, size: 28, ...(props.bySteps && { incrs: STEP_INCREMENTS }) },
          {
            ...axis,
            size: 56,
            // Of a logarithmic scale uPlot leaves some ticks without a text.
            ...(distribution !== 'linear' && {
              values: (_: uPlot, values: (number | null)[]) =>
                values.map((value) => (value === null ? '' : figure(value))),
            }),
          },
        ],
        series: [{ label: 'x' }, ...props.shapes.map((shape) => seriesOf(parent, shape))],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 2) return;
              const at = (pixels: number) => Math.max(0, Math.round(self.posToVal(pixels, 'x')));
              onRange?.({ from: at(self.select.left), to: at(self.select.left + self.select.width) });
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
      toTable(props.shapes),
      parent,
    );
  }

  function seriesOf(parent: HTMLElement, { label, points, faint, index }: Shape): uPlot.Series {
    const { colour, dash } = lookOf(index);
    const variable = `var(--series-${colour})`;
    const stroke = colourOf(parent, faint ? `color-mix(in srgb, ${variable} 30%, transparent)` : variable);
    return {
      label,
      stroke,
      width: 1.5,
      dash: DASHES[dash] ?? [],
      spanGaps: true,
      points: { show: props.scattered || (!faint && points.length < DOTS_BELOW), size: 4 },
      ...(props.scattered && { paths: () => null }),
    };
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
        [
          () => props.shapes.map(({ label, faint }) => `${label} ${faint}`).join('\n'),
          () => [props.bySteps, props.scattered, scaleOf(props)].join(' '),
          isDark,
        ],
        () => {
          plot?.destroy();
          plot = draw(parent);
        },
        { defer: true },
      ),
    );
    createEffect(
      on(
        () => props.shapes,
        (shapes) => plot?.setData(toTable(shapes)),
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
