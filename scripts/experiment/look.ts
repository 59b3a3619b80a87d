/** A look before the leap: what a model makes of a principle and prompts, and how fast, before anything is spent. */
import { resolve } from 'node:path';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { promptText } from '../../shared/dialogue/turn-text.ts';
import { promptFormOf } from '../../shared/dialogue/prompt-form-of.ts';
import type { AnswerOf } from '../../shared/engine-questions.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import type { ContrastMeasurement } from '../../shared/principles/contrast.ts';
import type { SizingLook } from '../../shared/planner/budget-sizes.ts';
import { lookPrompts } from '../../shared/planner/look-prompts.ts';
import { sizingOf } from '../../shared/planner/sizing-look.ts';
import { settingsOf } from '../../shared/planner/work.ts';
import { counted } from '../../shared/text/counted.ts';
import { askEngine } from '../processes/ask-engine.ts';
import type { readBaseModel, readSimulator } from './base-model.ts';
import type { readPrinciple } from './principle.ts';
import { countPrompts } from './prompt-counts.ts';
import type { NamedPrompts } from './prompts.ts';

export interface LookMaterials {
  readonly principle: Awaited<ReturnType<typeof readPrinciple>>;
  readonly prompts: NamedPrompts;
  readonly model: Awaited<ReturnType<typeof readBaseModel>>;
  /** Null: the model itself. */
  readonly simulator: Awaited<ReturnType<typeof readSimulator>>;
}

interface LookOptions {
  readonly seed: number;
  /** Undefined: as principle and model say. */
  readonly form: PromptForm | undefined;
  /** How the simulation would sample. */
  readonly hyperparameters: Hyperparameters;
  /** Where conversions of models are kept. */
  readonly cache: string;
  /** What the engine tells while it works. */
  readonly tell: (line: string) => void;
}

export interface Look {
  /** Null where the simulator is served elsewhere: its answers are first seen in the simulation. */
  readonly contrast: ContrastMeasurement | null;
  readonly training: AnswerOf<'measure-training'>;
  readonly sizing: SizingLook;
}

/** @throws UserError as the engine does */
export async function takeLook(
  materials: LookMaterials,
  { seed, form: asked, hyperparameters, cache, tell }: LookOptions,
  signal: AbortSignal,
): Promise<Look> {
  const { principle, prompts, model, simulator } = materials;
  const { form, affixPairs, responseOpening, placement } = principle.definition;
  const { temperature, topP, maximumNewTokens, bannedTexts } = settingsOf('simulate', hyperparameters);
  const { prompts: counts } = countPrompts(prompts);
  const ownForm = promptFormOf(form, model, asked);
  const place = { cache: resolve(cache) };
  const looked = simulator ?? model;
  const looks = someTexts(prompts, ownForm).length;
  tell(`Looking first: ${counted(looks, 'prompt')}, an answer a side`);
  const contrast = 'url' in looked ? null : await contrastOf(looked);
  tell('Measuring how fast it trains');
  const training = await askEngine(
    'measure-training',
    {
      ...place,
      source: model.source,
      form: ownForm,
      texts: someTexts(prompts, ownForm),
      answerTokens: maximumNewTokens,
    },
    signal,
  );
  return { contrast, training, sizing: await sizing() };

  async function contrastOf({
    source,
    configuration,
  }: LookMaterials['model']): Promise<ContrastMeasurement | null> {
    const promptForm = promptFormOf(form, { configuration }, asked);
    const pairs = affixPairs.map(({ positive, negative }) => ({ positive, negative }));
    const [measured = null] = await askEngine(
      'measure-contrasts',
      {
        ...place,
        source,
        contrasts: [{ promptForm, placement, responseOpening, affixPairs: pairs }],
        sampling: { temperature, topP, maximumNewTokens, bannedTexts },
        prompts: someTexts(prompts, promptForm),
        seed,
      },
      signal,
    );
    return measured;
  }

  async function sizing(): Promise<SizingLook> {
    const own =
      contrast === null || simulator !== null
        ? (await askEngine('measure-speed', { ...place, source: model.source, texts: [] }, signal)).rates
        : contrast.rates;
    return sizingOf({
      contrast,
      training,
      own,
      // What a server takes is its own affair.
      ...(simulator && { simulator: contrast?.rates ?? { sampled: Infinity, read: Infinity } }),
      prompts: counts,
      form,
      longestAnswer: maximumNewTokens,
    });
  }
}

/** Prompts from everywhere in the file, of those that may train where the file says so. */
function someTexts({ rows, rule }: NamedPrompts, form: PromptForm): string[] {
  const own = rule === 'field' ? rows.filter(({ split }) => split === 'train') : rows;
  return lookPrompts(own).map(({ prompt }) => promptText(form, prompt));
}
