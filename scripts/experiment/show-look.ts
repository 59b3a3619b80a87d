/** What a look found and what a run would be, in words and tables of at most 80 columns. */
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import type { ContrastMeasurement } from '../../shared/principles/contrast.ts';
import { alignmentWorkload } from '../../shared/planner/alignment-workload.ts';
import type { BudgetPlan } from '../../shared/planner/budget-sizes.ts';
import { JUDGE_STAGE } from '../../shared/planner/judge-sizes.ts';
import { contrastRows, speedRow } from '../../shared/planner/look-rows.ts';
import type { ModelShape } from '../../shared/planner/model-bytes.ts';
import { gigabytes, planMemory } from '../../shared/planner/plan.ts';
import { stageSizes } from '../../shared/planner/stage-sizes.ts';
import { settingsOf } from '../../shared/planner/work.ts';
import { duration } from '../../shared/report/figures.ts';
import { clockTime } from '../../shared/clock-time.ts';
import { printable } from '../terminal/printable.ts';
import { formatTable } from '../terminal/table.ts';
import { labelled } from '../terminal/text-width.ts';
import type { Look } from './look.ts';

const COLUMNS = 80;
const LABEL = 21;
/** Prompts whose answers are shown, and how much of a text. */
const SHOWN = 2;
const SHOWN_CHARACTERS = 150;

/** @param hyperparameters with which the look was taken */
export function formatLook({ contrast, sizing }: Look, hyperparameters: Hyperparameters): string {
  const longest = settingsOf('simulate', hyperparameters).maximumNewTokens;
  const found = contrast === null ? [] : contrastRows(contrast, longest, sizing.form);
  const rows = [...found, speedRow(sizing.rates)];
  const table = rows.flatMap(([name, value]) => indented(name, value));
  return [...table, ...(contrast === null ? [] : examples(contrast))].join('\n');
}

/** What the largest stage holds. @param memoryBytes of the machine */
export function formatMemory(
  hyperparameters: Hyperparameters,
  shape: ModelShape,
  memoryBytes: number,
): string {
  const { total } = planMemory('cpu', shape, alignmentWorkload(hyperparameters, shape));
  return `Memory: up to ${gigabytes(total)} (ppo) of ${gigabytes(memoryBytes)}`;
}

function examples({ examples: shown }: ContrastMeasurement): string[] {
  const texts = shown
    .slice(0, SHOWN)
    .flatMap(({ prompt, positive, negative }) => [
      ['prompt', cut(prompt)] as const,
      ['  towards', cut(positive.text) + mark(positive)] as const,
      ['  away', cut(negative.text) + mark(negative)] as const,
    ]);
  return texts.flatMap(([name, text]) => (name === 'prompt' ? [''] : []).concat(indented(name, text)));
}

const mark = ({ accepted }: { readonly accepted: boolean }) => (accepted ? '' : ' (refused)');

function cut(text: string): string {
  const line = printable(text).trim();
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS).trimEnd()} ...`;
}

const indented = (name: string, text: string) => labelled(name, text, LABEL, COLUMNS);

/**
 * What each stage is, how long it takes and when it ends.
 *
 * @param start milliseconds since the epoch
 * @param judgePairs on how many the judge is trained, where the plan holds that
 */
export function formatStages(
  { hyperparameters, stages, seconds }: BudgetPlan,
  start: number,
  judgePairs = 0,
): string {
  let end = start;
  const sizes: Readonly<Record<string, string>> = {
    ...stageSizes(hyperparameters),
    [JUDGE_STAGE]: `${judgePairs} pairs of people`,
  };
  const rows = Object.entries(stages).map(([stage, own]) => {
    end += 1000 * own;
    return [stage, sizes[stage] ?? '', duration(own), clockTime(end, start)];
  });
  const total = ['all', '', duration(seconds), clockTime(end, start)];
  return formatTable(['stage', 'size', 'time', 'ends at'], [...rows, total]);
}
