/** Before the leap: a look at a model of one's own, the sizes that its budget allows, and whether to go on. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hyperparameters as settingsForm, type Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import {
  BUDGET_SETTINGS,
  settingsOfMethod,
  withDialogueRates,
  withLongestAnswer,
} from '../../../shared/planner/alignment-settings.ts';
import type { AligningMethod } from '../../../shared/method-stages.ts';
import { fitMicrobatches } from '../../../shared/planner/fit-microbatches.ts';
import {
  BudgetTooSmallError,
  planSettings,
  sizesForBudget,
  type BudgetPlan,
  type SizingLook,
} from '../../../shared/planner/budget-sizes.ts';
import {
  judgePairCount,
  judgeSeconds,
  JUDGE_STAGE,
  type JudgeLook,
} from '../../../shared/planner/judge-sizes.ts';
import { doubtsOf } from '../../../shared/planner/look-verdict.ts';
import { settingsOf as workSettingsOf } from '../../../shared/planner/work.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { PlannedSeconds } from '../../../shared/planner/stage-ends.ts';
import { duration } from '../../../shared/report/figures.ts';
import { explain } from '../../../shared/explain.ts';
import { machineMemoryBytes } from '../../../shared/machine-memory.ts';
import { UserError } from '../../../shared/user-error.ts';
import type { JudgePairs } from '../../experiment/judge-pairs.ts';
import { takeLook, type Look, type LookMaterials } from '../../experiment/look.ts';
import { formatLook, formatMemory, formatStages } from '../../experiment/show-look.ts';

/** Of a budget, what starting and ending the programs takes. */
const STARTING_SECONDS = 15;
/** Beside these, a look alone takes half a minute: less is refused before it. */
const LEAST_BUDGET_SECONDS = 60;

/** The look speaks against the run. */
class LookError extends UserError {
  override readonly name = 'LookError';
  override readonly code = 'look-failed';
}

/** What a run goes on with. */
export interface Leap {
  readonly hyperparameters: Hyperparameters;
  /** Undefined for the bundled model, which was not looked at. */
  readonly planned: PlannedSeconds | undefined;
  /** On how many of people's pairs its judge is trained; undefined without one. */
  readonly judgePairs: number | undefined;
}

const keptLeap = z.object({
  hyperparameters: settingsForm,
  planned: z.record(z.string(), z.number()),
  judgePairs: z.int().positive().optional(),
});

/** The judge that the command asks for. */
export interface LeapJudge extends JudgePairs {
  /** On how many pairs a former run in the folder has trained it; undefined where none has. */
  readonly trainedBefore: number | undefined;
}

/** What the command line decides of it. */
export interface LeapOptions {
  readonly method: AligningMethod;
  /** A folder, a file, a hub id, or `bundled`. */
  readonly model: string;
  readonly seed: number;
  /** Undefined: as principle and models say. */
  readonly form?: PromptForm | undefined;
  /** Seconds that the whole run may take; undefined: as long as its scale takes. */
  readonly budget?: number | undefined;
  /** Tokens of the longest answer; undefined: of the scale. */
  readonly answerTokens?: number | undefined;
  /** Goes on where the look speaks against it. */
  readonly yes: boolean;
}

interface LeapContext {
  readonly options: LeapOptions;
  /** Of the scale. */
  readonly hyperparameters: Hyperparameters;
  readonly materials: LookMaterials;
  readonly judge?: LeapJudge | undefined;
  readonly folder: string;
  /** Where conversions of models are kept. */
  readonly cache: string;
  readonly startedAt: Date;
  readonly tell: (text: string) => void;
}

/**
 * Looks, says what it found, and chooses the sizes. A folder that is used again goes on with what it chose first: other
 * sizes would be another experiment.
 *
 * @throws UsageError for a budget that cannot be planned; LookError with the cure where the look speaks against the run
 *   and nobody said yes
 */
export async function leap(context: LeapContext, signal: AbortSignal): Promise<Leap> {
  const { options, materials, folder, tell } = context;
  if (options.model === 'bundled') {
    const hyperparameters = settingsOfMethod(options.method, context.hyperparameters);
    const judgePairs = judgePairsOf(context);
    tellJudge(context, judgePairs);
    return { hyperparameters, planned: undefined, judgePairs };
  }
  if (simulatedElsewhere(materials) && options.budget !== undefined) {
    throw new UsageError(
      '--budget plans the time of this machine: leave it out where --simulator is served elsewhere',
    );
  }
  const settings = settingsOf(context);
  const file = join(folder, `look-${keyOf(context, settings)}.json`);
  if (existsSync(file)) {
    tell('Looked before: goes on with the sizes that were chosen then\n');
    const kept = keptLeap.parse(JSON.parse(await readFile(file, 'utf8')));
    return { ...kept, judgePairs: kept.judgePairs };
  }
  const look = await takeLook(
    materials,
    {
      seed: options.seed,
      form: options.form,
      hyperparameters: settings,
      cache: context.cache,
      tell: (line) => tell(`${line}\n`),
    },
    signal,
  );
  tell(`\n${formatLook(look, settings)}\n\n`);
  requireGoodLook(look, settings, options.yes, tell);
  const { shape } = look.training;
  const { plan, judgePairs } = planOf(context, settings, look);
  const bytes = machineMemoryBytes();
  const memory = formatMemory(fitMicrobatches(plan.hyperparameters, shape, bytes), shape, bytes);
  tell(`${formatStages(plan, Date.now(), judgePairs)}\n\n${memory}\n\n`);
  const chosen = { hyperparameters: plan.hyperparameters, planned: plan.stages, judgePairs };
  // Whole or not at all: a run that is killed here looks again.
  await writeFile(`${file}.partial`, JSON.stringify(chosen));
  await rename(`${file}.partial`, file);
  return chosen;
}

/** @throws UsageError for a budget in which nothing could be done, before anything is */
export function requireBudget({ budget, model }: Pick<LeapOptions, 'budget' | 'model'>): void {
  if (budget === undefined) return;
  if (model === 'bundled') {
    throw new UsageError('--budget chooses sizes for a model of your own; the bundled one has its --scale', {
      cure: 'Leave --budget out, or give --model',
    });
  }
  if (budget >= LEAST_BUDGET_SECONDS) return;
  throw new UsageError(
    `--budget ${duration(budget)}: starting and the look at the first answers alone take about a minute`,
    { cure: 'Give some minutes, such as --budget 30m' },
  );
}

/** What is looked with: the settings that sizes are put into, or those of the scale. */
function settingsOf({ options, hyperparameters, materials }: LeapContext): Hyperparameters {
  const { budget, answerTokens } = options;
  const { form } = materials.principle.definition;
  const ofScale = form === 'dialogue' ? withDialogueRates(hyperparameters) : hyperparameters;
  const settings = withLongestAnswer(budget === undefined ? ofScale : BUDGET_SETTINGS[form], answerTokens);
  if (!simulatedElsewhere(materials)) return settings;
  // A server tells no likelihoods of given texts.
  return { ...settings, simulate: { ...settings.simulate, leastContrast: null } };
}

const simulatedElsewhere = ({ simulator }: LookMaterials): boolean =>
  simulator !== null && 'url' in simulator;

function keyOf({ options, materials, judge }: LeapContext, settings: Hyperparameters): string {
  const { principle, prompts, model, simulator } = materials;
  const { budget, seed, form, method } = options;
  const inputs = {
    principle,
    prompts: prompts.name,
    model: model.name,
    simulator,
    settings,
    budget,
    seed,
    form,
    ...(judge && { judge: judge.pairs }),
    ...(method !== 'rlcd' && { method }),
  };
  return createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 12);
}

/** What remains of the budget, and the judge's part of it before the rest is planned. */
function planOf(
  context: LeapContext,
  settings: Hyperparameters,
  { sizing }: Look,
): { readonly plan: BudgetPlan; readonly judgePairs: number | undefined } {
  const { options, startedAt, judge } = context;
  const passed = (Date.now() - startedAt.getTime()) / 1000;
  const left = options.budget === undefined ? undefined : options.budget - passed - STARTING_SECONDS;
  const look = judge && {
    tokens: judge.tokens,
    rates: sizing.rates,
  };
  const judgePairs = judgePairsOf(context, look, left);
  const isTrained = judgePairs === undefined || judge?.trainedBefore !== undefined;
  const seconds = look === undefined || isTrained ? 0 : judgeSeconds(judgePairs, look);
  tellJudge(context, judgePairs, seconds);
  const { method } = options;
  const plan =
    left === undefined
      ? planSettings(settingsOfMethod(method, settings), sizing, method)
      : sizesFor(left - seconds, sizing);
  if (seconds === 0) return { plan, judgePairs };
  const stages = { [JUDGE_STAGE]: seconds, ...plan.stages };
  return { plan: { ...plan, stages, seconds: plan.seconds + seconds }, judgePairs };

  function sizesFor(own: number, looked: SizingLook): BudgetPlan {
    try {
      return sizesForBudget(own, looked, method);
    } catch (error) {
      if (!(error instanceof BudgetTooSmallError)) throw error;
      const used = duration((options.budget ?? 0) - own);
      throw new UsageError(
        `--budget ${duration(options.budget ?? 0)}: ${used} of it go into starting, the look and the judge. ${error.message}`,
        { cause: error },
      );
    }
  }
}

/** What the judge is trained on, and what that takes of the budget, before the rest is planned or refused. */
function tellJudge({ judge, tell }: LeapContext, pairs: number | undefined, seconds = 0): void {
  if (judge === undefined || pairs === undefined) return;
  const used = `${pairs} of ${judge.pairs.length} pairs of people`;
  if (judge.trainedBefore !== undefined) tell(`Judge: trained before, on ${used}\n\n`);
  else tell(`Judge: trained on ${used}${seconds === 0 ? '' : `, in ${duration(seconds)}`}\n\n`);
}

/** On how many of its pairs the judge is trained; a trained one is taken as it is. */
function judgePairsOf({ judge }: LeapContext, look?: JudgeLook, seconds?: number): number | undefined {
  return judge && (judge.trainedBefore ?? judgePairCount(judge.pairs.length, look, seconds));
}

function requireGoodLook(
  { contrast, sizing }: Look,
  settings: Hyperparameters,
  yes: boolean,
  tell: (text: string) => void,
): void {
  if (contrast === null) {
    tell('The simulator is served elsewhere: its answers are first seen in the simulation.\n\n');
    return;
  }
  const { promptLimit } = workSettingsOf('generate', settings);
  const comparisons = Math.min(sizing.prompts.test, promptLimit ?? Infinity);
  const doubts = doubtsOf(contrast, comparisons).map(({ fault, cure }) => `${fault}. ${cure}`);
  if (doubts.length === 0) return;
  const error = new LookError(`This run would hardly work: ${doubts.join('; ')}`, {
    cure: 'Or go on all the same with --yes',
  });
  if (!yes) throw error;
  tell(`${explain(error)}\nGoing on all the same (--yes).\n\n`);
}
