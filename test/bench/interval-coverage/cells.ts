/** Every interval whose coverage is measured, under which truths. */
import { clusterMean } from '../../../shared/report/cluster-mean.ts';
import { correctedWinRate } from '../../../shared/statistics/corrected-win-rate.ts';
import { effectiveShare } from '../../../shared/statistics/effective-share.ts';
import type { Interval } from '../../../shared/statistics/interval.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import { accuracyOf, examRows, judgedRows, swayedRows, type DrawnJudge } from './draws.ts';

export interface Cell {
  /** Cells of one table. */
  readonly table: string;
  /** The row of the table, by its head. */
  readonly row: Readonly<Record<string, string | number>>;
  /** The column: a true rate, with one seed or two. */
  readonly column: string;
  readonly truth: number;
  readonly interval: (run: number) => Interval;
}

const SEEDS = [1, 2] as const;
const columnOf = (truth: number, seeds: number) => `${truth}, ${seeds === 1 ? '1 seed' : `${seeds} seeds`}`;

const sharesOf = (rows: readonly { readonly share: number }[]) => rows.map(({ share }) => share);
const promptsOf = (rows: readonly { readonly promptId: string }[]) => rows.map(({ promptId }) => promptId);

/** The plain rate of a report: whole prompts are resampled. The judge is right throughout, so that its rate is the truth. */
const plain: Cell[] = [100, 200].flatMap((prompts) =>
  [0.5, 0.8].flatMap((rate) =>
    SEEDS.map((seeds) => ({
      table: 'Win rate, prompts resampled',
      row: { prompts },
      column: columnOf(rate, seeds),
      truth: rate,
      interval: (run: number) =>
        clusterMean(
          judgedRows(run, { prompts, seeds, rate, judge: { ties: 0, right: 1 } }).map(
            ({ promptId, share }) => ({
              promptId,
              value: share,
            }),
          ),
        ).interval,
    })),
  ),
);

/** As shared/report/exams.ts does it. */
function corrected(run: number, given: Parameters<typeof judgedRows>[1], pairs: number): Interval {
  const [judged, exam] = [judgedRows(run, given), examRows(run, { pairs, perPrompt: 1, judge: given.judge })];
  return correctedWinRate(
    effectiveShare(sharesOf(judged), promptsOf(judged)),
    effectiveShare(sharesOf(exam), promptsOf(exam)),
  ).interval;
}

const PROMPTS = 200;

function correctedCells(table: string, judges: readonly DrawnJudge[], pairCounts: readonly number[]): Cell[] {
  return judges.flatMap((judge) =>
    pairCounts.flatMap((pairs) =>
      [0.3, 0.5, 0.7, 0.9].flatMap((rate) =>
        SEEDS.map((seeds) => ({
          table,
          row: { accuracy: accuracyOf(judge).toFixed(2), 'pairs of people': pairs },
          column: columnOf(rate, seeds),
          truth: rate,
          interval: (run: number) => corrected(run, { prompts: PROMPTS, seeds, rate, judge }, pairs),
        })),
      ),
    ),
  );
}

const swayed: Cell[] = [0, 1, 2].flatMap((sway) =>
  [120, 240].flatMap((prompts) =>
    [0.5, 0.6, 0.75].flatMap((rate) =>
      SEEDS.map((seeds) => ({
        table: 'Win rate at equal length',
        row: { 'log-odds by length': sway, prompts },
        column: columnOf(rate, seeds),
        truth: rate,
        interval: (run: number) => {
          const rows = swayedRows(run, { prompts, seeds, rate, sway });
          const gaps = rows.map(({ lengthGap }) => lengthGap);
          return lengthControlledWinRate(sharesOf(rows), gaps, { clusters: promptsOf(rows) }).interval;
        },
      })),
    ),
  ),
);

const examined: Cell[] = [0, 0.4].flatMap((ties) =>
  [100, 300, 500].flatMap((pairs) =>
    [0.6, 0.75, 0.9].flatMap((right) =>
      [1, 2].map((perPrompt) => {
        const judge = { ties, right };
        return {
          table: "Accuracy of a judge's exam",
          row: { ties, pairs },
          column: `right ${right}, ${perPrompt} a prompt`,
          truth: accuracyOf(judge),
          interval: (run: number) => {
            const rows = examRows(run, { pairs, perPrompt, judge });
            const { successes, n } = effectiveShare(sharesOf(rows), promptsOf(rows));
            return wilsonInterval(successes, n);
          },
        };
      }),
    ),
  ),
);

export const CELLS: readonly Cell[] = [
  ...correctedCells(
    'Corrected win rate',
    [0.6, 0.7, 0.8, 0.9].map((right) => ({ ties: 0, right })),
    [100, 200, 300, 500],
  ),
  ...correctedCells(
    'Corrected win rate, a judge that ties in 40 %',
    [0.7, 0.9].map((right) => ({ ties: 0.4, right })),
    [100, 300],
  ),
  ...swayed,
  ...examined,
  ...plain,
];
