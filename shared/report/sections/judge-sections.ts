/** Who wins against whom, by each judge. */
import type { Estimate, JudgeReport, ReportDocument } from '../document.ts';
import { mirror } from '../claims.ts';
import { estimateText, fixed, percent, percentEstimate, probability } from '../figures.ts';
import type { Block, Section } from './blocks.ts';

const NOTE =
  'The row against the column, in per cent of pairs, ties as halves, with the 95 % interval over resampled prompts. ' +
  'The interval holds for these trained models; what another training seed would change is seen in the seeds side by side.';

export function judgeSections({ judges, systems }: ReportDocument): Section[] {
  const names = systems.map(({ system }) => system);
  return judges.map((report) => ({
    title: `Win rates, judged by ${report.judge}`,
    blocks: [
      { kind: 'text', text: NOTE },
      matrix(report, names),
      ...againstBase(report),
      pairs(report),
      ...ranking(report),
      ...conductTable(report),
    ],
  }));
}

/** How far the judges say the same. */
export function judgeAgreementSection({ judgeAgreements }: ReportDocument): Section {
  const rows = judgeAgreements.map(({ first, second, n, sameOrder }) => [
    first,
    second,
    String(n),
    percentEstimate(sameOrder),
  ]);
  const text =
    'Two answers of the base model to one prompt, with two seeds: how often both judges put them in the same order, ties as ' +
    'halves, with the interval over prompts. 50 % is chance. No policy has a part in it: judges that all policies please ' +
    'would agree for that alone.';
  const caption = 'Pairs of answers of the base that two judges put in the same order, per cent';
  const head = ['judge', 'and', 'pairs', 'same order (%)'];
  const blocks: Block[] = [
    { kind: 'text', text },
    { kind: 'table', caption, head, rows },
  ];
  return { title: 'Judges beside each other', blocks: rows.length === 0 ? [] : blocks };
}

/** The rate of one system against another, whichever way round it was kept. */
function rateOf({ matchUps }: JudgeReport, row: string, column: string): Estimate | undefined {
  const found = matchUps.find(({ first, second }) => first === row && second === column);
  if (found) return found.rate;
  const mirrored = matchUps.find(({ first, second }) => first === column && second === row);
  return mirrored && mirror(mirrored.rate);
}

function matrix(report: JudgeReport, systems: readonly string[]): Block {
  const rates = systems.map((row) => systems.map((column) => rateOf(report, row, column)));
  return {
    kind: 'table',
    caption: 'Win-rate matrix',
    head: ['', ...systems],
    rows: rates.map((row, index) => [
      systems[index] ?? '',
      ...row.map((rate) => (rate === undefined ? '–' : percentEstimate(rate))),
    ]),
    shades: rates.map((row) => row.map((rate) => (rate === undefined ? null : 2 * rate.value - 1))),
  };
}

function againstBase({ matchUps }: JudgeReport): Block[] {
  const rows = matchUps
    .filter(({ second }) => second === 'base')
    .map(({ first, rate, perSeed }) => ({
      name: first,
      value: rate.value * 100,
      lower: rate.interval.lower * 100,
      upper: rate.interval.upper * 100,
      marks: perSeed.map(({ value }) => value * 100),
    }));
  if (rows.length === 0) return [];
  const caption = 'Win rate against the base model; small marks are the seeds';
  return [{ kind: 'interval-plot', caption, label: 'win rate (%)', reference: 50, rows }];
}

function pairs({ matchUps }: JudgeReport): Block {
  return {
    kind: 'table',
    caption: 'Every pair: counts, the rate at equal length, and the seeds side by side',
    head: ['pair', 'n', 'won/lost/tied', 'win rate', 'p (Holm)', 'at equal length', 'by seed'],
    rows: matchUps.map(
      ({ first, second, n, wins, losses, ties, rate, adjustedP, lengthControlled, perSeed }) => [
        `${first} against ${second}`,
        String(n),
        `${wins}/${losses}/${ties}`,
        percentEstimate(rate),
        adjustedP === null ? '–' : probability(adjustedP),
        lengthControlled === null ? '–' : percentEstimate(lengthControlled),
        perSeed.map(({ value }) => percent(value)).join(', '),
      ],
    ),
  };
}

/** Nothing for a judge that reads one text at a time. */
function conductTable({ conduct }: JudgeReport): Block[] {
  if (conduct.length === 0) return [];
  return [
    {
      kind: 'table',
      caption:
        'The judge itself, against the base, seeds together: bias is how often the place shown first wins, less 50 %',
      head: ['system', 'orders', 'not readable', 'bias (%)', 'both orders agree (%)', 'calls', 'cost'],
      rows: conduct.map(({ system, orders, unparsable, positionBias, consistency, calls, cost }) => [
        system,
        orders === 'both' ? 'both' : 'one, drawn by the seed',
        String(unparsable),
        positionBias === null ? '–' : percent(positionBias),
        consistency === null ? '–' : percent(consistency),
        calls === null ? '–' : String(calls),
        cost === null ? '–' : fixed(cost, 2),
      ]),
    },
  ];
}

function ranking({ ranking: ranked, scores }: JudgeReport): Block[] {
  if (ranked === null) return [];
  const caption =
    'One scale for all systems: Bradley-Terry strengths (natural logarithm, sum 0), the strongest first; systems that share a letter are not told apart (p of 0.05 or more)';
  const head = ['system', 'not told apart', 'strength', 'mean win rate against the others', 'mean score'];
  const rows = ranked.map(({ system, strength, meanWinRate, groups }) => {
    const score = scores.find((one) => one.system === system)?.score;
    return [
      system,
      groups ?? '–',
      estimateText(strength, 2),
      percent(meanWinRate),
      score === undefined ? '–' : fixed(score.value, 3),
    ];
  });
  return [{ kind: 'table', caption, head, rows }];
}
