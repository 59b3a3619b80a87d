/** How fast a machine trains with a model, and how long some prompts are to it. */
import type { TrainingMeasurement } from '../../../shared/api/tasks/look.ts';
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { Model } from '../../llama/weights/model.ts';
import { shapeOf } from './shape-of.ts';
import { measureTrainingRate } from './training-rate.ts';

/** A task opens a sampler or a trainer, and most open both. */
const OPENINGS_PER_TASK = 2;

interface TrainingInput {
  readonly form: PromptForm;
  readonly texts: readonly string[];
  readonly answerTokens: number;
  /** Seconds that opening the model took. */
  readonly reading: number;
}

/** @param model in the form of the prompts */
export async function measureTraining(
  model: Model,
  { form, texts, answerTokens, reading }: TrainingInput,
): Promise<TrainingMeasurement> {
  const nothing = { positive: '', negative: '' };
  const lengths = texts.map((text) => {
    const { plain } = contrastPrompts({ form, responseOpening: '' }, nothing, text);
    return model.tokenizer.encodePrompt(plain).length;
  });
  const promptTokens = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  const { maximumPositions } = model.architecture;
  const length = Math.min(maximumPositions, Math.round(promptTokens) + answerTokens);
  const { rate, opening } = await measureTrainingRate(model, length);
  return {
    trained: rate,
    secondsPerTask: reading + OPENINGS_PER_TASK * opening,
    promptTokens,
    shape: shapeOf(model),
    sampleRows: batchSizes(model).sampleRows,
  };
}
