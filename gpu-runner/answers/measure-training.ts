/** Measures how fast this machine trains with a model, and how long its prompts are. */
import { contrastPrompts } from '../../shared/dialogue/contrast-prompts.ts';
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';
import { shapeOf } from './shape-of.ts';
import { measureTrainingRate } from './training-rate.ts';

/** A task opens a sampler or a trainer, and most open both. */
const OPENINGS_PER_TASK = 2;

/** @throws ModelFileError, TaskInputError as the engine does */
export async function measureTraining(
  question: QuestionOf<'measure-training'>,
): Promise<AnswerOf<'measure-training'>> {
  const { source, cache, form, texts, answerTokens } = question;
  const started = performance.now();
  const model = await inForm(await onDevice(await openBaseModel(source, cache), 'cpu', cache), form);
  const reading = (performance.now() - started) / 1000;
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
