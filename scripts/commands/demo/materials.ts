/** What an alignment is made of, read from what the command line names. */
import { join } from 'node:path';
import { promptFormOf } from '../../../shared/dialogue/prompt-form-of.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { type AligningMethod, METHOD_STAGES } from '../../../shared/method-stages.ts';
import { requirePlaceable, type Placement } from '../../../shared/principles/placement.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { readBaseModel, readSimulator, type NewBaseModel } from '../../experiment/base-model.ts';
import { readJudgePairs } from '../../experiment/judge-pairs.ts';
import { readPrinciple, type NamedPrinciple } from '../../experiment/principle.ts';
import { countPrompts } from '../../experiment/prompt-counts.ts';
import { readPrompts, repeatsIn, requireEnoughPrompts, requireHeldOut } from '../../experiment/prompts.ts';
import type { LeapJudge } from './leap.ts';
import { trainedBefore } from './train-judge.ts';

/** The runner's folder in a data folder. */
export const RUNNER = 'runner';

/** What the command line names. */
export interface MaterialOptions {
  readonly method: AligningMethod;
  /** A folder, a file, a hub id, or `bundled`. */
  readonly model: string;
  /** What simulates; undefined: the model itself. */
  readonly simulator?: string | undefined;
  /** Undefined: as principle and models say. */
  readonly form?: PromptForm | undefined;
  /** Where affixes go in a chat; undefined: where the principle says. */
  readonly placement?: Placement | undefined;
  /** Undefined: the openings that ship with the principle kind-stories. */
  readonly prompts?: string | undefined;
  /** Undefined: by its name. */
  readonly promptColumn?: string | undefined;
  /** A file of people's pairs; undefined: no judge is trained. */
  readonly judge?: string | undefined;
  /** The name of a preset, or a file. */
  readonly principle: string;
}

/** Opens and reads all of it. @param folder of the run @throws UserError naming the option, the fault and the cure */
export async function readMaterials(options: MaterialOptions, folder: string) {
  const simulates = METHOD_STAGES[options.method].some(({ bySimulator }) => bySimulator);
  if (options.simulator !== undefined && !simulates) {
    throw new UsageError(`--simulator writes pairs, and --method ${options.method} makes none`, {
      cure: 'Leave one of them out',
    });
  }
  const cache = join(folder, RUNNER);
  const named = await readPrinciple(options.principle);
  const prompts = await readPrompts(options.prompts, options.promptColumn);
  const counts = countPrompts(prompts);
  requireEnoughPrompts(counts.prompts);
  requireHeldOut(counts);
  const repeats = repeatsIn(counts);
  if (repeats !== undefined) process.stderr.write(`${repeats}\n`);
  const model = await readBaseModel(options.model, cache);
  const simulator = await readSimulator(options.simulator, cache, options.form);
  const principle = placed(named, options.placement, simulator ?? model, options.form);
  const form = promptFormOf(principle.definition.form, model, options.form);
  const judge = options.judge === undefined ? undefined : await judgeOf(options.judge);
  return { principle, prompts, model, simulator, form, judge };

  async function judgeOf(file: string): Promise<LeapJudge> {
    const pairs = await readJudgePairs(file, { model, form, cache, prompts });
    return { ...pairs, trainedBefore: await trainedBefore({ judge: pairs, model, form, folder }) };
  }
}

/**
 * The principle with its affixes where the command line puts them.
 *
 * @param simulator in whose prompts they stand
 * @throws UserError where they cannot stand there
 */
function placed(
  { name, definition }: NamedPrinciple,
  placement: Placement | undefined,
  simulator: NewBaseModel,
  asked: PromptForm | undefined,
): NamedPrinciple {
  const changed = placement === undefined ? definition : { ...definition, placement };
  const model =
    'url' in simulator ? { served: { protocol: simulator.protocol ?? 'completions' } } : simulator;
  requirePlaceable(promptFormOf(changed.form, model, asked), changed);
  return { name, definition: changed };
}

export type Materials = Awaited<ReturnType<typeof readMaterials>>;

/** What was left out of the files; may be empty. */
export function leftOutOf({ prompts, judge }: Materials): string {
  return [
    ...(prompts.leftOut === '' ? [] : [`Left out of the prompts: ${prompts.leftOut}\n`]),
    ...(judge === undefined || judge.leftOut === '' ? [] : [`Left out of the judge's: ${judge.leftOut}\n`]),
  ].join('');
}
