/** How likely a served model finds an answer that somebody else may have written, token by token. */
import { continuationTokens } from '../algorithms/continuation-tokens.ts';
import { sequenceOf } from '../llama/model/sequence.ts';
import { AnswerText } from './answer-text.ts';
import { PromptRefusedError, promptTokens } from './sample.ts';
import type { ReadingJob, SpokenToken } from './sampling-calls.ts';
import type { OpenModel } from './served-models.ts';

/** @throws PromptRefusedError where both together do not fit; UnsayableTextError where the tokenizer has no such text */
export async function readAnswer(open: OpenModel, job: ReadingJob): Promise<readonly SpokenToken[]> {
  const { tokenizer } = open.model;
  const prompt = promptTokens(open, job);
  const answer = answerTokens(open, job, prompt);
  const length = prompt.length + answer.length;
  if (length > open.contextLength) {
    throw new PromptRefusedError(
      `prompt and answer have ${length} tokens together, the context holds ${open.contextLength}`,
      'context-length-exceeded',
      'Shorten the prompt or the answer',
    );
  }
  const nats = await open.score(sequenceOf(prompt, answer));
  return new AnswerText(tokenizer, prompt, []).push(Array.from(answer), Array.from(nats), true).tokens;
}

/** Behind a text, as the tokenizer cuts both together, where that leaves the text's own tokens as they are. */
function answerTokens(
  { model: { tokenizer } }: OpenModel,
  { prompt: asked, answer }: ReadingJob,
  prompt: Int32Array,
): Int32Array {
  if ('text' in asked) {
    const both = tokenizer.encode(asked.text + answer, { bos: tokenizer.startsWithBos });
    if (prompt.every((token, index) => both[index] === token)) return both.subarray(prompt.length);
  }
  return continuationTokens(tokenizer, prompt, answer);
}
