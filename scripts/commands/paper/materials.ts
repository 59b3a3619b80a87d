/** What a comparison is made of, read from what the command line names. */
import { join } from 'node:path';
import { promptFormOf } from '../../../shared/dialogue/prompt-form-of.ts';
import { readBaseModel, readSimulator } from '../../experiment/base-model.ts';
import { readJudgePairs } from '../../experiment/judge-pairs.ts';
import { readPrinciple } from '../../experiment/principle.ts';
import { readPrompts } from '../../experiment/prompts.ts';
import type { PaperOptions } from './settings.ts';

/** The runner's folder in a data folder. */
export const RUNNER = 'runner';

/** @param folder of the run @throws UserError naming the option, the fault and the cure */
export async function readMaterials(options: PaperOptions, folder: string, signal: AbortSignal) {
  /** Where the engine keeps what it converts. */
  const cache = join(folder, RUNNER);
  const principle = await readPrinciple(options.task);
  const prompts = await readPrompts(options.prompts);
  const model = await readBaseModel(options.model, cache, signal);
  /** Null: the model itself. */
  const simulator = await readSimulator(options.simulator, cache);
  const form = promptFormOf(principle.definition.form, model, undefined);
  const judge =
    options.judge === undefined
      ? undefined
      : await readJudgePairs(options.judge, { model, form, cache, prompts });
  return { principle, prompts, model, simulator, form, judge, cache };
}

export type Materials = Awaited<ReturnType<typeof readMaterials>>;
