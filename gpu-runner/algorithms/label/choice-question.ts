/** The A/B question of RLAIF: both responses are shown, the next token is the answer. */
import { fewShotScoringPrompt } from '../../../shared/dialogue/scoring-prompt.ts';
import { textOfTurns } from '../../../shared/dialogue/turn-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { ScoringExample } from '../../../shared/dialogue/scoring-prompt.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { chosenIsA, instructionOf, type PairQuestion, type PairVerdict } from './question.ts';

/** What the model makes of one question: P(A) among A and B, and the probability of either among all tokens. */
export interface ChoiceAnswer {
  readonly shownA: number;
  readonly mass: number;
}

/** What is asked, whoever answers. */
export interface AskedChoice {
  /** By affix pair of the principle. */
  readonly instructions: readonly (string | undefined)[];
  readonly orders: 'both' | 'one-order';
  readonly examples: readonly ScoringExample[];
  readonly seed: number;
}

export interface ChoiceQuestionOptions extends AskedChoice {
  readonly tokenizer: Tokenizer;
  /** `chat`: the question is the user's turn, and the assistant has begun to answer. */
  readonly promptForm: PromptForm;
  /** Longest question in tokens. */
  readonly contextLength: number;
  /** Next-token logits after each sequence, [vocabulary]. */
  readonly nextLogits: (sequences: readonly Int32Array[], signal: AbortSignal) => Promise<Float32Array[]>;
}

/**
 * P(B) = exp(b) / (exp(a) + exp(b)) of the two logits after the scoring prompt; both orders are averaged, or one is
 * drawn for each pair.
 *
 * @throws AlgorithmInputError if the tokenizer has no single token for A or B
 */
export function choiceQuestion({
  tokenizer,
  promptForm: form,
  contextLength,
  nextLogits,
  ...asked
}: ChoiceQuestionOptions): PairQuestion {
  const letters = { a: answerToken(tokenizer, 'A'), b: answerToken(tokenizer, 'B') };
  return pairChoice(asked, async (questions, signal) => {
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
  });
}

/**
 * @param answer the questions, each the text before the answer's letter; null for one that is longer than the context,
 *   which leaves its pair out
 */
export function pairChoice(
  { instructions, orders, examples, seed }: AskedChoice,
  answer: (questions: readonly string[], signal: AbortSignal) => Promise<(ChoiceAnswer | null)[]>,
): PairQuestion {
  const questionOf = (pair: PreferencePairLine, chosenFirst: boolean): string => {
    const [responseA, responseB] = chosenFirst ? [pair.chosen, pair.rejected] : [pair.rejected, pair.chosen];
    const instruction = instructionOf(pair, instructions, seed);
    return fewShotScoringPrompt(examples, { prompt: pair.prompt, instruction, responseA, responseB });
  };
  return {
    async ask(pairs, signal) {
      const asked = pairs.flatMap((pair, row) =>
        (orders === 'both' ? [true, false] : [chosenIsA(pair, seed)]).map((chosenFirst) => ({
          row,
          chosenFirst,
          text: questionOf(pair, chosenFirst),
        })),
      );
      const answers = await answer(
        asked.map(({ text }) => text),
        signal,
      );
      return pairs.map((_, row) => {
        const byOrder: PairVerdict['byOrder'][number][] = [];
        for (const [index, { row: of, chosenFirst }] of asked.entries()) {
          if (of !== row) continue;
          const found = answers[index];
          if (!found) return null;
          const { shownA, mass } = found;
          byOrder.push({ first: chosenFirst ? shownA : 1 - shownA, shownA, mass });
        }
        return { first: byOrder.reduce((sum, { first }) => sum + first, 0) / byOrder.length, byOrder };
      });
    },
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

const BEFORE_ANSWER = 'The answer is: (';

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
    `the tokenizer has no token for the answer ${letter}: label with a model that has, or use RLCD, which asks no question`,
  );
}
