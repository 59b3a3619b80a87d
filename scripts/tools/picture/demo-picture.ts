/** The README's picture of a demo: win rate with its interval beside the grid that the policy was chosen from. */
import { heatMaps, intervalPlot } from '../../../shared/report/html/plots.ts';
import { picture } from '../../../shared/report/html/picture.ts';
import { fixed } from '../../../shared/report/figures.ts';
import type { demoResult } from './demo-result.ts';
import type { z } from 'zod';

const WIDTH = 720;
const PANEL = 328;
const TOP = 74;

/** Equal results give equal bytes. */
export function demoPicture({ result }: z.infer<typeof demoResult>): string {
  const [rlcd] = result.experiments;
  const { judgements } = rlcd.results.judge[0];
  const { chosen, table } = rlcd.results.select[0];
  const rates = intervalPlot({
    kind: 'interval-plot',
    caption: 'Win rate of RLCD against the base model',
    label: 'preferred to the base model (%)',
    reference: 50,
    rows: judgements.flatMap(({ judge, winRate, interval, lengthControlled }) => [
      rateRow(`RLCD, by ${judge}`, winRate, interval),
      ...(lengthControlled === null
        ? []
        : [rateRow('RLCD, at equal length', lengthControlled.rate, lengthControlled.interval)]),
    ]),
  });
  const [grid] = heatMaps({
    kind: 'heat-maps',
    caption: '',
    panels: [
      {
        name: 'the policy',
        cells: table.map(({ klCoefficient, steps, meanReward, kl }) => {
          const mark = klCoefficient === chosen.klCoefficient && steps === chosen.steps ? ' •' : '';
          return {
            row: String(klCoefficient),
            column: String(steps),
            value: meanReward,
            lines: [fixed(meanReward, 2), `KL ${fixed(kl, 1)}${mark}`] as const,
          };
        }),
      },
    ],
  });
  const n = judgements[0]?.n ?? 0;
  const { principle, scale, seed } = result;
  const gridX = WIDTH - PANEL - 16;
  const gridNote = 'Reward by KL coefficient and steps (• chosen)';
  return picture(
    `npm run demo: ${principle}, seed ${seed}, scale ${scale}`,
    'Win rate of RLCD against the base model and the grid of its rewards',
    WIDTH,
    [
      { svg: rates, note: `Win rate on ${n} test prompts, 95 % interval`, x: 12, y: TOP, noteX: 20 },
      { svg: grid?.svg ?? '', note: gridNote, x: gridX, y: TOP },
    ],
  );
}

function rateRow(name: string, rate: number, { lower, upper }: { lower: number; upper: number }) {
  return { name, value: rate * 100, lower: lower * 100, upper: upper * 100, marks: [] };
}
