/** Which of two letters a model says next: the likelihoods with which it labels pairs, and judges them. */
import { textOfTurns } from '../../../shared/dialogue/turn-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';

/** What the model makes of one question: P(A) among A and B, and the probability of either among all tokens. */
export interface ChoiceAnswer {
  readonly shownA: number;
  readonly mass: number;
}

/** Who answers: P(A) of each question, the text before the answer's letter; null for one longer than the context. */
export type AnswerChoices = (
  questions: readonly string[],
  signal: AbortSignal,
) => Promise<(ChoiceAnswer | null)[]>;

export interface ChoiceModel {
  readonly tokenizer: Tokenizer;
  /** `chat`: the question is the user's turn, and the assistant has begun to answer. */
  readonly promptForm: PromptForm;
  /** Longest question in tokens. */
  readonly contextLength: number;
  /** Next-token logits after each sequence, [vocabulary]. */
  readonly nextLogits: (sequences: readonly Int32Array[], signal: AbortSignal) => Promise<Float32Array[]>;
}

/**
 * P(B) = exp(b) / (exp(a) + exp(b)) of the two logits behind the question, which ends with {@link BEFORE_ANSWER}.
 *
 * @throws AlgorithmInputError if the tokenizer has no single token for A or B
 */
export function choiceAnswers({
  tokenizer,
  promptForm: form,
  contextLength,
  nextLogits,
}: ChoiceModel): AnswerChoices {
  const letters = { a: answerToken(tokenizer, 'A'), b: answerToken(tokenizer, 'B') };
  return async (questions, signal) => {
    const tokens = questions.map((text) => tokenizer.encodePrompt(form === 'chat' ? inTurns(text) : text));
    const fits = tokens.map(({ length }) => length <= contextLength);
    const logits = await nextLogits(
      tokens.filter((_, index) => fits[index]),
      signal,
    );
    let place = 0;
    return fits.map((fit, index) => {
      if (!fit) return null;
      const found = logits[place++];
      if (found === undefined) throw new AlgorithmInputError(`the engine left out question ${index}`);
      return readAnswer(found, letters);
    });
  };
}

/** P(A) among A and B, and the probability of either among all tokens, from logits [vocabulary]. */
export function readAnswer(
  logits: Float32Array,
  { a, b }: { readonly a: number; readonly b: number },
): ChoiceAnswer {
  const [logitA, logitB] = [logits[a] ?? Number.NaN, logits[b] ?? Number.NaN];
  const top = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - top), 0);
  return {
    shownA: 1 / (1 + Math.exp(logitB - logitA)),
    mass: Math.min(1, (Math.exp(logitA - top) + Math.exp(logitB - top)) / total),
  };
}

/** How a question ends: the next token is the letter. */
export const BEFORE_ANSWER = 'The answer is: (';

/** The question as a chat, in which the assistant has said everything but the letter. */
function inTurns(question: string): string {
  const text = question.slice(0, question.lastIndexOf(BEFORE_ANSWER)).trim();
  return `${textOfTurns([{ role: 'user', text }])} ${BEFORE_ANSWER}`;
}

/** The one token that says a letter right after the question's open parenthesis. */
function answerToken(tokenizer: Tokenizer, letter: 'A' | 'B'): number {
  const before = tokenizer.encode(BEFORE_ANSWER);
  const says = (token: number) => tokenizer.decodeAfter(before, [token]) === letter;
  const usual = tokenizer.encode(BEFORE_ANSWER + letter).at(-1);
  if (usual !== undefined && says(usual)) return usual;
  // Some tokenizers join "(" and the letter; the letter then has a token of its own all the same, the last one that
  // says it being no byte token.
  for (let token = tokenizer.vocabularySize - 1; token >= 0; token--) if (says(token)) return token;
  throw new AlgorithmInputError(
    `the tokenizer has no token for the answer ${letter}: ask a model that has; RLCD labels without a question, and other judges read no letter`,
  );
}
