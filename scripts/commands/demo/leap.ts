/** Before the leap: a look at a model of one's own, the sizes that its budget allows, and whether to go on. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { hyperparameters as settingsForm, type Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { canonicalJson } from '../../../shared/canonical-json.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { BUDGET_SETTINGS } from '../../../shared/planner/alignment-settings.ts';
import { planSettings, sizesForBudget, type BudgetPlan } from '../../../shared/planner/budget-sizes.ts';
import { doubtsOf } from '../../../shared/planner/look-verdict.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { PlannedSeconds } from '../../../shared/planner/stage-ends.ts';
import { explain } from '../../../shared/explain.ts';
import { UserError } from '../../../shared/user-error.ts';
import { fitMicrobatches } from '../../experiment/fit-microbatches.ts';
import { takeLook, type Look, type LookMaterials } from '../../experiment/look.ts';
import { formatLook, formatMemory, formatStages } from '../../experiment/show-look.ts';

/** Of a budget, what starting and ending the programs takes. */
const STARTING_SECONDS = 15;

/** The look speaks against the run. */
class LookError extends UserError {
  override readonly name = 'LookError';
  override readonly code = 'look-failed';
}

/** What a run goes on with. */
interface Leap {
  readonly hyperparameters: Hyperparameters;
  /** Undefined for the bundled model, which was not looked at. */
  readonly planned: PlannedSeconds | undefined;
}

const keptLeap = z.object({ hyperparameters: settingsForm, planned: z.record(z.string(), z.number()) });

/** What the command line decides of it. */
export interface LeapOptions {
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
 *   and nobody said yes; BudgetTooSmallError
 */
export async function leap(context: LeapContext, signal: AbortSignal): Promise<Leap> {
  const { options, materials, folder, tell } = context;
  if (options.model === 'bundled') return { hyperparameters: context.hyperparameters, planned: undefined };
  const served = materials.simulator !== null && 'url' in materials.simulator;
  if (served && options.budget !== undefined) {
    throw new UsageError(
      '--budget plans the time of this machine: leave it out where --simulator is served elsewhere',
    );
  }
  const settings = settingsOf(context);
  const file = join(folder, `look-${keyOf(context, settings)}.json`);
  if (existsSync(file)) {
    tell('Looked before: goes on with the sizes that were chosen then\n');
    return keptLeap.parse(JSON.parse(await readFile(file, 'utf8')));
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
  requireGoodLook(look, options.yes, tell);
  const plan = planOf(context, settings, look);
  const { shape } = look.training;
  const memory = formatMemory(fitMicrobatches(plan.hyperparameters, shape), shape, totalmem());
  tell(`${formatStages(plan, Date.now())}\n\n${memory}\n\n`);
  const chosen = { hyperparameters: plan.hyperparameters, planned: plan.stages };
  // Whole or not at all: a run that is killed here looks again.
  await writeFile(`${file}.partial`, JSON.stringify(chosen));
  await rename(`${file}.partial`, file);
  return chosen;
}

/** What is looked with: the settings that sizes are put into, or those of the scale. */
function settingsOf({ options, hyperparameters, materials }: LeapContext): Hyperparameters {
  const { budget, answerTokens } = options;
  const settings =
    budget === undefined ? hyperparameters : BUDGET_SETTINGS[materials.principle.definition.form];
  const maximumNewTokens = answerTokens ?? settings.simulate?.maximumNewTokens ?? 64;
  return {
    ...settings,
    simulate: { ...settings.simulate, maximumNewTokens },
    generate: { ...settings.generate, maximumNewTokens },
  };
}

function keyOf({ options, materials }: LeapContext, settings: Hyperparameters): string {
  const { principle, prompts, model, simulator } = materials;
  const { budget, seed, form } = options;
  const inputs = {
    principle,
    prompts: prompts.name,
    model: model.name,
    simulator,
    settings,
    budget,
    seed,
    form,
  };
  return createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 12);
}

function planOf(
  { options, startedAt }: LeapContext,
  settings: Hyperparameters,
  { sizing }: Look,
): BudgetPlan {
  if (options.budget === undefined) return planSettings(settings, sizing);
  const passed = (Date.now() - startedAt.getTime()) / 1000;
  return sizesForBudget(options.budget - passed - STARTING_SECONDS, sizing);
}

function requireGoodLook({ contrast }: Look, yes: boolean, tell: (text: string) => void): void {
  if (contrast === null) {
    tell('The simulator is served elsewhere: its answers are first seen in the simulation.\n\n');
    return;
  }
  const doubts = doubtsOf(contrast).map(({ fault, cure }) => `${fault}. ${cure}`);
  if (doubts.length === 0) return;
  const error = new LookError(`This run would hardly work: ${doubts.join('; ')}`, {
    cure: 'Or go on all the same with --yes',
  });
  if (!yes) throw error;
  tell(`${explain(error)}\nGoing on all the same (--yes).\n\n`);
}
