/** The result in words and tables for a person. Every figure stands in the API's results; none is computed here. */
import { judgeName } from '../../../shared/api/tasks/judge.ts';
import { choiceRule } from '../../../shared/report/choice-rule.ts';
import { printable } from '../../terminal/printable.ts';
import { readRlcdResults, type ResultDocument, type RlcdResults } from './result.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { fixed } from '../../../shared/report/figures.ts';
import { formatTable, percent, percentWithInterval } from '../../terminal/table.ts';

type Judgement = RlcdResults['judge'][0]['judgements'][number];

/** Text for a terminal: verdict, figures of both systems, the grid, the preference model, samples. */
export function formatReport(rlcd: ExperimentDetail, document: ResultDocument): string {
  const results = readRlcdResults(rlcd);
  const sections = [
    ...results.judge[0].judgements.flatMap((judgement) => [
      verdict(judgement, document.result.judge),
      systems(judgement),
    ]),
    grid(results.select[0]),
    preferenceModel(results),
    ...document.result.samples.map(sample),
    whereToGo(document),
  ];
  return `\n${sections.join('\n\n')}\n`;
}

type TrainedJudge = ResultDocument['result']['judge'];

function verdict(judgement: Judgement, trained: TrainedJudge): string {
  const { judge, n, winRate, interval, wins, losses, ties, lengthControlled } = judgement;
  const outcome =
    interval.lower > 0.5
      ? 'RLCD is preferred over the base model'
      : interval.upper < 0.5
        ? 'the base model is preferred over RLCD'
        : 'no difference between RLCD and the base model is shown';
  const rows = [
    [
      'RLCD against base',
      percentWithInterval(winRate, interval),
      lengthControlled === null ? '-' : percentWithInterval(lengthControlled.rate, lengthControlled.interval),
      String(n),
      `${wins}/${losses}/${ties}`,
    ],
  ];
  const head = ['', `win rate [${percent(interval.confidence)}]`, 'at equal length', 'n', 'won/lost/tied'];
  const table = formatTable(head, rows);
  if (trained === undefined || judge !== nameOf(trained)) {
    return `RESULT: ${outcome}, by the judge "${judge}" that no training step saw\n\n${table}`;
  }
  const { heldOut, trainPairs } = trained;
  const accuracy = percentWithInterval(heldOut.accuracy, heldOut.interval);
  return (
    `RESULT: ${outcome}, by a judge trained on ${trainPairs} pairs of people, which no training step of the policy saw\n\n` +
    `${table}\n\nThe judge prefers what people chose in ${accuracy} of ${heldOut.n} pairs that it was not trained on`
  );
}

const nameOf = ({ artifact }: NonNullable<TrainedJudge>) => judgeName({ kind: 'preference-model', artifact });

function systems({ first, second, ratios }: Judgement): string {
  const row = (name: string, system: Judgement['first']) => [
    name,
    scoreText(system.meanScore, 3),
    fixed(system.tokens.mean, 1),
    fixed(system.distinct2, 3),
    fixed(system.perplexityUnderBase, 2),
  ];
  const ratio = [
    'RLCD / base',
    '',
    fixed(ratios.length, 3),
    fixed(ratios.distinct2, 3),
    fixed(ratios.perplexity, 3),
  ];
  const head = ['', 'mean score', 'mean length (tokens)', 'Dist-2', 'perplexity under base'];
  return formatTable(head, [row('RLCD', first), row('base', second), ratio]);
}

/** Rows are KL coefficients, columns are PPO steps. */
function grid(selection: RlcdResults['select'][0]): string {
  const { chosen, table } = selection;
  const steps = [...new Set(table.map((cell) => cell.steps))].sort((a, b) => a - b);
  const coefficients = [...new Set(table.map((cell) => cell.klCoefficient))].sort((a, b) => a - b);
  const cellText = (coefficient: number, step: number): string => {
    const cell = table.find((one) => one.klCoefficient === coefficient && one.steps === step);
    if (!cell) return '-';
    const { meanReward, interval, kl, distinct2 } = cell;
    const mark = chosen.klCoefficient === coefficient && chosen.steps === step ? '*' : ' ';
    const reward = `${fixed(meanReward, 2)} [${fixed(interval.lower, 2)}, ${fixed(interval.upper, 2)}]`;
    return `${reward} KL ${fixed(kl, 1)} Dist-2 ${fixed(distinct2, 2)}${mark}`;
  };
  const rows = coefficients.map((coefficient) =>
    [String(coefficient)].concat(steps.map((step) => cellText(coefficient, step))),
  );
  const head = ['KL coefficient', ...steps.map((step) => `${step} steps `)];
  const n = table[0]?.n ?? 0;
  return `Reward of each cell of the grid on ${n} dev prompts, KL in nats a sequence, and Dist-2 of the base's (* chosen: ${choiceRule(selection)})\n\n${formatTable(head, rows)}`;
}

function preferenceModel({ simulate, 'train-preference-model': [model] }: RlcdResults): string {
  const pairs = simulate.map((shard) => shard.pairs).join(' + ');
  const { heldOut } = model;
  const accuracy = percentWithInterval(heldOut.accuracy, heldOut.interval);
  return `Preference model: ${accuracy} of ${heldOut.n} held-out pairs right, Brier score ${fixed(heldOut.brier, 3)} (from ${pairs} simulated pairs)`;
}

/** A judge that compares without scoring has none. */
function scoreText(score: number | null, digits: number): string {
  return score === null ? '-' : fixed(score, digits);
}

function sample({ prompt, first, second, firstScore, secondScore }: ResultDocument['result']['samples'][0]) {
  return [
    `Prompt: ${printable(prompt)}`,
    `  before (${scoreText(secondScore, 2)}): ${printable(second)}`,
    `  after  (${scoreText(firstScore, 2)}): ${printable(first)}`,
  ].join('\n');
}

function whereToGo({ resultSha256, run }: ResultDocument): string {
  const rows = [
    ['took', `${fixed(run.seconds, 0)} s`],
    ['result hash', resultSha256],
    ['API', `${run.url}/reference`],
    ['experiment', `${run.url}/v1/experiments/${run.experimentIds.rlcd}`],
    ['artifacts', `${run.url}/v1/artifacts (by hash; files in ${run.dataFolder})`],
    ['keys', `${run.dataFolder}/keys.json`],
  ];
  return rows.map(([name = '', value = '']) => `${name.padEnd(13)}${value}`).join('\n');
}
