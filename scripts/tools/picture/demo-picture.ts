/** The README's picture of a demo: win rate with its interval beside the grid that the policy was chosen from. */
import { heatMaps, intervalPlot } from '../../../shared/report/html/plots.ts';
import { escapeHtml } from '../../../shared/report/html/escape.ts';
import { fixed } from '../../../shared/report/figures.ts';
import type { demoResult } from './demo-result.ts';
import type { z } from 'zod';

const WIDTH = 720;
const PANEL = 328;
const TOP = 74;

/** A picture that a README shows has no stylesheet around it: its colours stand in it, for light and dark. */
const STYLE = `
:root { --ground: #ffffff; --blue: #0072b2; --orange: #b34e00; color: #1b1f24; }
.ground { fill: var(--ground); }
text { font-family: system-ui, sans-serif; }
.title { font-size: 17px; font-weight: 600; fill: currentColor; }
.note { font-size: 13px; fill: currentColor; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1318; --blue: #56b4e9; --orange: #f0a04b; color: #e8edf2; }
}`;

/** An SVG inside another one, at a place. */
function placed(svg: string, x: number, y: number): string {
  return svg.replace('<svg ', `<svg x="${x}" y="${y}" `);
}

function heightOf(svg: string): number {
  return Number(/height="(\d+)"/.exec(svg)?.[1] ?? 0);
}

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
  const gridSvg = grid?.svg ?? '';
  const height = TOP + Math.max(heightOf(rates), heightOf(gridSvg)) + 12;
  const n = judgements[0]?.n ?? 0;
  const { principle, scale, seed } = result;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Win rate of RLCD against the base model and the grid of its rewards">
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
<text class="title" x="20" y="30">${escapeHtml(`npm run demo: ${principle}, seed ${seed}, scale ${scale}`)}</text>
<text class="note" x="20" y="56">${escapeHtml(`Win rate on ${n} test prompts, 95 % interval`)}</text>
<text class="note" x="${WIDTH - PANEL - 16}" y="56">Reward by KL coefficient and steps (• chosen)</text>
${placed(rates, 12, TOP)}
${placed(gridSvg, WIDTH - PANEL - 16, TOP)}
</svg>
`;
}

function rateRow(name: string, rate: number, { lower, upper }: { lower: number; upper: number }) {
  return { name, value: rate * 100, lower: lower * 100, upper: upper * 100, marks: [] };
}
