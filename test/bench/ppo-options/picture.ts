/** The figures as a picture: for every setting, gold score and KL by option, with their intervals. */
import { heightOf, type Panel, picture } from '../../../shared/report/html/picture.ts';
import { spreadPlot } from '../../../shared/report/html/plots.ts';
import type { Figure, OptionSummary, SettingSummary } from './summary.ts';

const WIDTH = 720;
const COLUMNS = [12, 376];
const TOP = 74;
const BETWEEN = 44;

export function optionsPicture(settings: readonly SettingSummary[]): string {
  const panels: Panel[] = [];
  let y = TOP;
  for (const { setting, options } of settings) {
    const pair = [
      plot(options, 'gold', 'gold score', `Gold score, ${setting}`),
      plot(options, 'kl', 'nats a response', `KL, ${setting}`),
    ];
    pair.forEach(({ svg, note }, column) => {
      const x = COLUMNS[column] ?? 0;
      panels.push({ svg, note, x, y, noteX: x + 8 });
    });
    y += Math.max(...pair.map(({ svg }) => heightOf(svg))) + BETWEEN;
  }
  return picture(
    'PPO by option: mean of six seeds, 95 % interval',
    'Gold score and KL of PPO by option',
    WIDTH,
    panels,
  );
}

function plot(options: readonly OptionSummary[], figure: Figure, label: string, note: string) {
  const rows = options.map(({ option, figures }) => {
    const { value, interval } = figures[figure];
    return { name: option, mean: value, deviation: (interval.upper - interval.lower) / 2 };
  });
  return { svg: spreadPlot({ kind: 'spread-plot', caption: note, label, rows }), note };
}
