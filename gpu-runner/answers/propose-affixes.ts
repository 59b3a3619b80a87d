/** Asks a chat model for affix pairs that say what a sentence says. */
import type { AnswerOf, QuestionOf } from '../../shared/engine-questions.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { pairOfAnswer, questionForPair } from '../../shared/principles/proposals.ts';
import { Generator } from '../algorithms/generator.ts';
import { encodePrompt } from '../algorithms/prompt-tokens.ts';
import { sampledResponse } from '../algorithms/simulate/responses.ts';
import { streamOf } from '../algorithms/streams.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { responseOf } from '../llama/model/sequence.ts';
import { inForm } from '../tasks/in-form.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';

const NEW_TOKENS = 40;
/** Warm enough that the answers differ, and cool enough that they keep to the form. */
const TEMPERATURE = 0.7;

/** @throws TaskInputError for a model without a chat template; ModelFileError as the engine does */
export async function proposeAffixes(
  question: QuestionOf<'propose-affixes'>,
): Promise<AnswerOf<'propose-affixes'>> {
  const { source, cache, sentence, answers, seed } = question;
  const opened = await onDevice(await openBaseModel(source, cache), 'cpu', cache);
  const model = await inForm(opened, 'chat');
  const { tokenizer, architecture } = model;
  const maximumTime = architecture.maximumPositions;
  const promptTokens = encodePrompt(tokenizer, questionForPair(sentence), {
    name: 'of the question for affixes',
    maximumTokens: maximumTime - NEW_TOKENS,
  });
  const generator = await Generator.open({
    model,
    promptForm: 'chat',
    temperature: TEMPERATURE,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: [],
    seed,
    maximumTime,
    referenceTemperature: 1,
    withReference: false,
    ...batchSizes(model),
    sampleRows: answers,
  });
  try {
    const requests = Array.from({ length: answers }, (_, index) => ({
      promptTokens,
      stream: streamOf('affix-proposals', index),
    }));
    const generations = await generator.generate(requests, new AbortController().signal);
    return generations.flatMap(({ sequence }) => {
      const tokens = responseOf(sequence);
      const { text } = sampledResponse(tokenizer, promptTokens, tokens);
      const isCut = tokens.length >= NEW_TOKENS && !tokenizer.eosTokens.includes(tokens.at(-1) ?? -1);
      return pairOfAnswer(text.replace('</s>', ''), isCut) ?? [];
    });
  } finally {
    await generator.close();
  }
}
