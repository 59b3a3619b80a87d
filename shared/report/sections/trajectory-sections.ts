/** What judges make of runs of PPO that no reward knows, policy by policy, and the alarm beside them. */
import type { ReportDocument, TrajectoryReport } from '../document.ts';
import {
  estimateText,
  fixed,
  percent,
  percentEstimate,
  percentWithInterval,
  probability,
} from '../figures.ts';
import type { Section, Table } from './blocks.ts';
import { winRateCurves } from './win-rate-curves.ts';

const NOTE =
  'Every policy that PPO kept answers the same dev prompts as the base, and a judge that no reward knows compares the answers. ' +
  'A run has fallen where its last policy wins less often than its best beyond chance: p of a sign-flip test over prompts, ' +
  'times the policies that the best was chosen from, below 0.05. It fell by the first kept policy from which on all are nearer ' +
  'to the last than to the best. A lead is the steps from the alarm to that; below 0 the alarm came later. The share kept is ' +
  'the gain over 50 % of the policy that the alarm would keep, by that of the best, the median over runs that gained.';

/** One a judge. */
export function trajectorySections({ trajectories }: ReportDocument): Section[] {
  return trajectories.map((report) => ({
    title: `Along training, judged by ${report.judge}`,
    blocks: [
      { kind: 'text', text: NOTE },
      winRateCurves(report.runs, { each: 'run' }),
      worth(report),
      runs(report),
      { kind: 'folded', summary: 'Every policy of every run', block: policies(report) },
    ],
  }));
}

function worth({ alarm: { fallen, held, lead } }: TrajectoryReport): Table {
  const keeps = (value: number | null) => (value === null ? '–' : percent(value));
  const row = (name: string, { runs: count, raised, interval, kept }: typeof fallen) => [
    name,
    String(count),
    interval === null ? '–' : `${raised}: ${percentWithInterval(raised / count, interval)}`,
    keeps(kept.byAlarm),
    keeps(kept.byLastStep),
  ];
  const told =
    lead === null
      ? 'it was raised in no run that fell'
      : `lead in the ${lead.n} that fell and were told of: ${lead.minimum} to ${lead.maximum} steps, median ${lead.median}`;
  return {
    kind: 'table',
    caption: `The over-optimisation alarm against this judge; ${told}`,
    head: ['runs that', 'runs', 'alarm raised', 'gain kept by the alarm (%)', 'by the last step (%)'],
    rows: [row('fell', fallen), row('held', held)],
  };
}

function runs({ runs: own }: TrajectoryReport): Table {
  return {
    kind: 'table',
    caption: 'Every run: win rates in per cent, after so many steps',
    head: ['method', 'seed', 'KL coefficient', 'best', 'last', 'p', 'fell by', 'alarm at', 'it would keep'],
    rows: own.map(({ method, seed, klCoefficient, best, last, p, fellBy, alarm }) => [
      method,
      String(seed),
      String(klCoefficient),
      `${percent(best.winRate)} after ${best.steps}`,
      `${percent(last.winRate)} after ${last.steps}`,
      probability(p),
      fellBy === null ? '–' : String(fellBy),
      alarm.raisedAt === null ? 'never' : String(alarm.raisedAt),
      `${percent(alarm.winRate)} after ${alarm.chosenSteps}`,
    ]),
  };
}

function policies({ runs: own }: TrajectoryReport): Table {
  return {
    kind: 'table',
    caption:
      "KL in nats a response and win rate in per cent, with intervals; Dist-2 as a share of the base's",
    head: ['method', 'seed', 'KL coefficient', 'steps', 'KL', 'win rate', 'tokens', 'Dist-2'],
    rows: own.flatMap(({ method, seed, klCoefficient, points }) =>
      points.map(({ steps, kl, winRate, tokens, distinct2 }) => [
        method,
        String(seed),
        String(klCoefficient),
        String(steps),
        estimateText(kl, 2),
        percentEstimate(winRate),
        fixed(tokens, 1),
        fixed(distinct2, 2),
      ]),
    ),
  };
}
