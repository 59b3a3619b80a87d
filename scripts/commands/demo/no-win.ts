/** What a person can do about a run that shows no win, and what speaks against one: each line says its figure. */
import { fixed, percent, percentWithInterval } from '../../../shared/report/figures.ts';
import type { Judgement, RlcdResults } from './result.ts';
import type { JudgeFigures } from '../../experiment/people-judge.ts';

type Selection = RlcdResults['select'][0];
type Cell = Pick<Selection['table'][number], 'klCoefficient' | 'steps' | 'meanReward' | 'interval'>;
type Verdict = Pick<Judgement, 'interval' | 'n'>;

interface Outcome {
  readonly method: string;
  readonly judgement: Verdict;
  readonly selection: Pick<Selection, 'chosen' | 'base'> & { readonly table: readonly Cell[] };
  /** The judge of people's pairs, where this is its verdict. */
  readonly judge: JudgeFigures | undefined;
  /** What the preference model got right of pairs that it was not trained on; undefined where none was trained. */
  readonly preferenceModel: Pick<JudgeFigures['heldOut'], 'accuracy' | 'interval' | 'n'> | undefined;
}

/** Half the width from which on an interval is told to be wide. */
const WIDE = 0.1;

/** Advice in the order in which it should be tried; after a win only what makes it doubtful. */
export function adviceAfter(outcome: Outcome): string[] {
  const { judgement, method } = outcome;
  if (judgement.interval.lower > 0.5) return doubts(outcome.preferenceModel);
  return [
    'What to try next:',
    ...judgeAdvice(outcome.judge),
    ...rewardAdvice(outcome),
    ...(method === 'rlcd'
      ? [
          'Try --method rlcd-direct: its reward is how much likelier an answer is behind the prompt towards the principle, which ' +
            'few pairs do not teach a preference model. It makes no pairs, and takes less time.',
        ]
      : ['Try --method rlcd: a preference model of many pairs may take what the contrast leaves out.']),
    ...widthAdvice(judgement),
  ];
}

function doubts(model: Outcome['preferenceModel']): string[] {
  if (model === undefined || model.interval.lower > 0.5) return [];
  return [
    `The preference model is not shown to be better than a coin (${percentWithInterval(model.accuracy, model.interval)} of ${model.n} held-out pairs): ` +
      'whatever the policy learnt from it, this run does not show that it was the principle.',
  ];
}

function judgeAdvice(judge: JudgeFigures | undefined): string[] {
  if (judge === undefined) return [];
  const { accuracy, interval, lengthOnlyAccuracy, n } = judge.heldOut;
  const shown = `${percentWithInterval(accuracy, interval)} of ${n}`;
  if (interval.lower <= 0.5) {
    return [
      `The judge is not shown to be better than a coin (${shown} held-out pairs): a longer --budget trains it on more pairs, and a win by it would say little as well.`,
    ];
  }
  if (lengthOnlyAccuracy !== null && lengthOnlyAccuracy >= accuracy) {
    return [
      `Length alone is right as often as the judge (${percent(lengthOnlyAccuracy)} % against ${shown}): read its verdict at equal length.`,
    ];
  }
  return [];
}

/** Whether the policy did what it was trained for, and the judge does not care; or did not. */
function rewardAdvice({ selection: { chosen, table, base } }: Outcome): string[] {
  const cell = table.find(
    ({ klCoefficient, steps }) => klCoefficient === chosen.klCoefficient && steps === chosen.steps,
  );
  if (cell === undefined) return [];
  // With a penalty for answers that do not end the base's own reward is not 0.
  const before = base?.meanReward ?? 0;
  const reward = `${fixed(before, 2)} to ${fixed(cell.meanReward, 2)} [${fixed(cell.interval.lower, 2)}, ${fixed(cell.interval.upper, 2)}]`;
  if (cell.interval.lower <= before) {
    return [
      `The policy's own reward hardly rose on dev prompts (${reward} deviations of the base's scores): more prompts give more pairs and steps, if --budget leaves time for them.`,
    ];
  }
  return [
    `The policy's own reward rose (${reward} deviations of the base's scores), but not what the judge looks for: compare the two sides of some pairs, and word the principle's affixes anew (rlcd principle measures them).`,
  ];
}

function widthAdvice({ interval, n }: Verdict): string[] {
  const half = (interval.upper - interval.lower) / 2;
  if (half < WIDE || interval.upper <= 0.5) return [];
  return [
    `${n} test prompts leave ${fixed(half * 100, 0)} points either way: more test prompts would narrow that.`,
  ];
}
