/** The result in words and tables for a person. Every figure stands in the API's results; none is computed here. */
import { choiceRule } from '../../../shared/report/choice-rule.ts';
import { printable } from '../../terminal/printable.ts';
import {
  isOfPeople,
  readRlcdResults,
  type Judgement,
  type ResultDocument,
  type RlcdResults,
} from './result.ts';
import { adviceAfter } from './no-win.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { duration, fixed, percentWithInterval } from '../../../shared/report/figures.ts';
import { fitTable, percent } from '../../terminal/table.ts';
import { labelled, wrapText } from '../../terminal/text-width.ts';

/** Longer lines are hard to read, however wide a terminal is. */
const WIDEST = 100;

/**
 * Text for a terminal: verdict, figures of both systems, the grid, the preference model, samples. No line is wider than the
 * terminal, and none breaks inside a word.
 *
 * @param columns of the terminal; undefined elsewhere
 */
export function formatReport(
  rlcd: ExperimentDetail,
  document: ResultDocument,
  columns: number = WIDEST,
): string {
  const width = Math.min(columns, WIDEST);
  const results = readRlcdResults(rlcd);
  const sections = [
    ...results.judge[0].judgements.flatMap((judgement, place) => [
      ...verdict(judgement, document.result.judge),
      systems(judgement),
      // The first judge decides; what another misses after its win is no reason to begin anew.
      ...(place === 0 ? advice(rlcd.method, judgement, results, document.result.judge) : []),
    ]),
    ...grid(results.select[0]),
    ...preferenceModel(results),
    ...document.result.samples,
    `this run took ${duration(document.run.seconds)}; hash of the result:`,
    document.resultSha256,
  ];
  const texts = sections.map((section) => {
    // A hash is one word, which the terminal may break, and a person copies whole.
    if (section === document.resultSha256) return section;
    if (typeof section === 'string') return wrapText(section, width).join('\n');
    if ('prompt' in section) return story(section, width);
    return fitTable(section.head, section.rows, width);
  });
  return `\n${texts.join('\n\n')}\n`;
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type TrainedJudge = ResultDocument['result']['judge'];

function verdict(judgement: Judgement, trained: TrainedJudge): (string | Table)[] {
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
  const table = { head, rows };
  if (trained === undefined || !isOfPeople(judgement, trained)) {
    return [
      `RESULT: ${outcome}, by the judge "${judge}"${judge === 'sentiment' ? ' (how positive the words are: it knows nothing of the principle)' : ''} that no training step saw`,
      table,
    ];
  }
  const { heldOut, trainPairs, correctedWinRate: corrected } = trained;
  const accuracy = percentWithInterval(heldOut.accuracy, heldOut.interval);
  return [
    `RESULT: ${outcome}, by a judge trained on ${trainPairs} pairs of people, which no training step of the policy saw`,
    table,
    `The judge prefers what people chose in ${accuracy} of ${heldOut.n} pairs that it was not trained on${byLength(heldOut)}`,
    corrected.isExplained
      ? `If it errs as often on these answers, people would prefer RLCD in ${percentWithInterval(corrected.rate, corrected.interval)} of them`
      : 'No judge that errs so often on all pairs would give this verdict: it sees something else in these answers than in those pairs, and what people would prefer cannot be told from it',
  ];
}

function advice(method: string, judgement: Judgement, results: RlcdResults, trained: TrainedJudge): string[] {
  const judge = trained !== undefined && isOfPeople(judgement, trained) ? trained : undefined;
  const preferenceModel = results['train-preference-model']?.[0].heldOut;
  return adviceAfter({ method, judgement, selection: results.select[0], judge, preferenceModel });
}

/** What the simplest judge of all would reach on the same pairs. */
function byLength({ lengthOnlyAccuracy }: { readonly lengthOnlyAccuracy: number | null }): string {
  return lengthOnlyAccuracy === null ? '' : `, where length alone would reach ${percent(lengthOnlyAccuracy)}`;
}

function systems({ first, second, ratios }: Judgement): Table {
  const row = (name: string, system: Judgement['first']) => [
    name,
    scoreText(system.meanScore, 3),
    fixed(system.tokens.mean, 1),
    percent(system.endedShare),
    fixed(system.distinct2, 3),
    system.englishWords === null ? '-' : percent(system.englishWords),
    fixed(system.perplexityUnderBase, 2),
  ];
  const ratio = [
    'RLCD / base',
    '',
    fixed(ratios.length, 3),
    '',
    fixed(ratios.distinct2, 3),
    '',
    fixed(ratios.perplexity, 3),
  ];
  const head = [
    '',
    'mean score',
    'mean length (tokens)',
    'ended',
    'Dist-2',
    'English words',
    'perplexity under base',
  ];
  return { head, rows: [row('RLCD', first), row('base', second), ratio] };
}

/** A row a cell: KL coefficient and PPO steps. */
function grid(selection: RlcdResults['select'][0]): (string | Table)[] {
  const { chosen, table, base } = selection;
  const rows = table
    .toSorted((one, other) => one.klCoefficient - other.klCoefficient || one.steps - other.steps)
    .map(({ klCoefficient, steps, kl, distinct2, ...reward }) => [
      `${klCoefficient}`,
      `${steps}`,
      rewardText(reward),
      fixed(kl, 1),
      fixed(distinct2, 2),
      chosen.klCoefficient === klCoefficient && chosen.steps === steps ? '*' : '',
    ]);
  const n = table[0]?.n ?? 0;
  const ofBase = base && [['base', '', rewardText(base), '0.0', '1.00', '']];
  return [
    `Reward of each cell of the grid on ${n} dev prompts, KL in nats a sequence, and Dist-2 of the base's (* chosen: ${choiceRule(selection)})`,
    {
      head: ['KL coefficient', 'PPO steps', 'reward', 'KL', 'Dist-2', 'chosen'],
      rows: [...(ofBase ?? []), ...rows],
    },
  ];
}

type MeanReward = NonNullable<RlcdResults['select'][0]['base']>;

function rewardText({ meanReward, interval }: MeanReward): string {
  return `${fixed(meanReward, 2)} [${fixed(interval.lower, 2)}, ${fixed(interval.upper, 2)}]`;
}

/** Nothing where the reward was read and not learnt. */
function preferenceModel({ simulate, 'train-preference-model': trained }: RlcdResults): string[] {
  if (simulate === undefined || trained === undefined) return [];
  const [model] = trained;
  const pairs = simulate.map((shard) => shard.pairs).join(' + ');
  const { heldOut } = model;
  const accuracy = percentWithInterval(heldOut.accuracy, heldOut.interval);
  return [
    `Preference model: ${accuracy} of ${heldOut.n} held-out pairs right${byLength(heldOut)}, Brier score ${fixed(heldOut.brier, 3)} (from ${pairs} simulated pairs)`,
  ];
}

/** A judge that compares without scoring has none. */
function scoreText(score: number | null, digits: number): string {
  return score === null ? '-' : fixed(score, digits);
}

type Sample = ResultDocument['result']['samples'][0];
/** Columns of what stands before a story. */
const STORY_LABEL = 18;

/** A test prompt with what was written before and after. */
function story({ prompt, first, second, firstScore, secondScore }: Sample, columns: number): string {
  const before = `before (${scoreText(secondScore, 2)})`;
  const after = `after (${scoreText(firstScore, 2)})`;
  return [
    ...labelled('Prompt', printable(prompt), STORY_LABEL, columns),
    ...labelled(`  ${before}`, printable(second).trim(), STORY_LABEL, columns),
    ...labelled(`  ${after}`, printable(first).trim(), STORY_LABEL, columns),
  ].join('\n');
}
