/** Measures how fast this machine trains with a model, and how long its prompts are. */
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { measureTraining } from '../algorithms/look/measure-training.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';

/** @throws ModelFileError, TaskInputError as the engine does */
export async function measureTrainingOf({
  source,
  cache,
  ...input
}: QuestionOf<'measure-training'>): Promise<AnswerOf<'measure-training'>> {
  const started = performance.now();
  const model = await inForm(await onDevice(await openBaseModel(source, cache), 'cpu', cache), input.form);
  return await measureTraining(model, { ...input, reading: (performance.now() - started) / 1000 });
}
