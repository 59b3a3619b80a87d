/** The grid of KL coefficients and PPO steps that each method chose its policy from. */
import type { GridReport, ReportDocument } from '../document.ts';
import { estimateText, fixed } from '../figures.ts';
import type { Block, Section } from './blocks.ts';

export function gridSection({ grids, seeds }: ReportDocument): Section {
  if (grids.length === 0) return { title: '', blocks: [] };
  const panels = grids.map(({ method, cells }) => ({
    name: method,
    cells: cells.map(({ klCoefficient, steps, reward, kl, perSeed }) => {
      const chosen = perSeed.filter((one) => one.chosen).length;
      return {
        row: String(klCoefficient),
        column: String(steps),
        value: reward,
        lines: [fixed(reward, 2), `KL ${fixed(kl, 1)}${'•'.repeat(chosen)}`] as const,
      };
    }),
  }));
  const caption =
    'Mean reward on dev prompts, over seeds, by KL coefficient (rows) and PPO steps (columns); below it the KL in nats a response, and a dot for every seed that chose the cell';
  return {
    title: 'Grid',
    blocks: [
      {
        kind: 'text',
        text: `Each method chooses by its own reward, which has a scale of its own in every one of the ${seeds.length} seeds: compare cells of one method, not methods.`,
      },
      { kind: 'heat-maps', caption, panels },
      { kind: 'folded', summary: 'Every cell of every seed', block: cellTable(grids) },
    ],
  };
}

function cellTable(grids: readonly GridReport[]): Block & { kind: 'table' } {
  return {
    kind: 'table',
    caption: "Reward on dev prompts with its interval, KL, and Dist-2 as a share of the base model's",
    head: ['method', 'KL coefficient', 'steps', 'seed', 'reward', 'KL', 'Dist-2', 'chosen'],
    rows: grids.flatMap(({ method, cells }) =>
      cells.flatMap(({ klCoefficient, steps, perSeed }) =>
        perSeed.map(({ seed, reward, interval, kl, distinct2, chosen }) => [
          method,
          String(klCoefficient),
          String(steps),
          String(seed),
          estimateText({ value: reward, interval }, 2),
          fixed(kl, 1),
          fixed(distinct2, 2),
          chosen ? 'yes' : '',
        ]),
      ),
    ),
  };
}
