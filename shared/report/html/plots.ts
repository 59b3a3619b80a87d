/** The plots of a report as SVG, drawn without a browser; they read on light and dark grounds alike. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { HeatMaps, IntervalPlot, SpreadPlot } from '../sections/blocks.ts';

/** Drawn for a narrow screen: wider ones show several side by side, none is scaled down until it cannot be read. */
const WIDTH = 328;
const ROW = 34;
/** Okabe and Ito's blue and orange, which colour-blind readers tell apart. */
export const BLUE = 'var(--blue)';
export const ORANGE = 'var(--orange)';

type Figure = Plot.PlotOptions;

/** Plot draws into this document; its SVG is written as text. */
export function draw(options: Figure, label: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({
    width: WIDTH,
    style: { background: 'none', fontSize: '12px', fontFamily: 'inherit' },
    document,
    ...options,
  });
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', label);
  return figure.outerHTML;
}

/** Names stand above their line, so that long ones take no width from it, and cover the rules behind them. */
function nameMarks(rows: readonly { readonly name: string }[]): Plot.Markish {
  return Plot.text(rows, {
    y: 'name',
    text: 'name',
    frameAnchor: 'left',
    dy: -13,
    fill: 'currentColor',
    stroke: 'var(--ground)',
    strokeWidth: 5,
    textAnchor: 'start',
  });
}

export function intervalPlot({ rows, reference, label, caption }: IntervalPlot): string {
  const marks = rows.flatMap(({ name, marks: seeds }) => seeds.map((value) => ({ name, value })));
  const values = [reference, ...rows.flatMap((row) => [row.lower, row.upper, ...row.marks])];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(2, (most - least) * 0.06);
  return draw(
    {
      height: rows.length * ROW + 62,
      marginBottom: 40,
      marginLeft: 8,
      marginRight: 12,
      marginTop: 18,
      x: {
        label,
        labelOffset: 36,
        domain: [Math.max(0, least - room), Math.min(100, most + room)],
        grid: true,
        ticks: 5,
      },
      y: { axis: null, domain: rows.map(({ name }) => name), padding: 0.2 },
      marks: [
        Plot.ruleX([reference], { stroke: 'currentColor', strokeDasharray: '3 3' }),
        nameMarks(rows),
        Plot.ruleY(rows, { y: 'name', x1: 'lower', x2: 'upper', stroke: BLUE, strokeWidth: 2.5 }),
        Plot.tickX(marks, { y: 'name', x: 'value', stroke: ORANGE, strokeWidth: 1.5, inset: 9 }),
        Plot.dot(rows, { y: 'name', x: 'value', fill: BLUE, r: 4.5 }),
      ],
    },
    caption,
  );
}

export function spreadPlot({ rows, label, caption }: SpreadPlot): string {
  const ends = rows.map(({ name, mean, deviation }) => ({
    name,
    mean,
    lower: mean - deviation,
    upper: mean + deviation,
  }));
  return draw(
    {
      height: rows.length * ROW + 62,
      marginBottom: 40,
      marginLeft: 8,
      marginRight: 12,
      marginTop: 18,
      x: { label, labelOffset: 36, grid: true, ticks: 5, zero: true },
      y: { axis: null, domain: rows.map(({ name }) => name), padding: 0.2 },
      marks: [
        nameMarks(rows),
        Plot.ruleY(ends, { y: 'name', x1: 'lower', x2: 'upper', stroke: ORANGE, strokeWidth: 2.5 }),
        Plot.dot(ends, { y: 'name', x: 'mean', fill: BLUE, r: 4.5 }),
      ],
    },
    caption,
  );
}

/** Cividis at 0 to 1, by six of its stops: its lightness rises evenly for every kind of colour vision. */
const CIVIDIS = ['#00204d', '#31446b', '#666970', '#958f78', '#cbba69', '#ffea46'];

type Panel = HeatMaps['panels'][number];

/** One SVG a panel. */
export function heatMaps({ panels }: HeatMaps): { readonly name: string; readonly svg: string }[] {
  return panels.map((panel) => ({ name: panel.name, svg: heatMap(panel) }));
}

function heatMap({ name, cells }: Panel): string {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const columns = [...new Set(cells.map(({ column }) => column))];
  const values = cells.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const shareOf = (value: number) => (most > least ? (value - least) / (most - least) : 0.5);
  const shown = cells.map((cell) => ({
    ...cell,
    colour: cividis(shareOf(cell.value)),
    ink: shareOf(cell.value) > 0.55 ? '#000' : '#fff',
    text: cell.lines.join('\n'),
  }));
  return draw(
    {
      height: rows.length * 42 + 60,
      marginLeft: 52,
      marginRight: 4,
      marginTop: 36,
      x: { label: 'PPO steps', axis: 'top', domain: columns, tickSize: 0 },
      y: { label: null, domain: rows, tickSize: 0 },
      color: { type: 'identity' },
      marks: [
        Plot.cell(shown, { x: 'column', y: 'row', fill: 'colour', inset: 1 }),
        Plot.text(shown, { x: 'column', y: 'row', text: 'text', fill: 'ink' }),
      ],
    },
    `Reward of ${name} by KL coefficient and PPO steps`,
  );
}

/** A colour between the stops. */
function cividis(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1);
  const below = Math.min(CIVIDIS.length - 2, Math.floor(place));
  const channels = [1, 3, 5].map((start) => {
    const at = (stop: number) => Number.parseInt((CIVIDIS[stop] ?? '#000000').slice(start, start + 2), 16);
    const value = at(below) + (place - below) * (at(below + 1) - at(below));
    return Math.round(value).toString(16).padStart(2, '0');
  });
  return `#${channels.join('')}`;
}
