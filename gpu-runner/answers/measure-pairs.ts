/** Measures how long pairs of responses are to a model, as a preference model reads them. */
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { usableSequences } from '../algorithms/preference-model/preference-examples.ts';
import { lastOf } from '../llama/model/sequence.ts';
import { bundleTokens } from '../llama/trainer/bundles.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';

/** @throws ModelFileError, TaskInputError as the engine does */
export async function measurePairs(
  question: QuestionOf<'measure-pairs'>,
): Promise<AnswerOf<'measure-pairs'>> {
  const { source, cache, form, pairs, maximumLength } = question;
  const { tokenizer } = await inForm(await onDevice(await openBaseModel(source, cache), 'cpu', cache), form);
  return pairs.map((pair) => {
    const sides = usableSequences(tokenizer, form, pair, maximumLength);
    return sides && bundleTokens([sides.chosen, sides.rejected].map(({ tokens }) => lastOf(tokens)));
  });
}
