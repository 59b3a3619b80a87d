/** The A/B question of RLAIF: both responses are shown, the next token is the answer. */
import { fewShotScoringPrompt } from '../../../shared/dialogue/scoring-prompt.ts';
import type { ScoringExample } from '../../../shared/dialogue/scoring-prompt.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { chosenIsA, instructionOf, type PairQuestion, type PairVerdict } from './question.ts';

export interface ChoiceQuestionOptions {
  readonly tokenizer: Tokenizer;
  /** By affix pair of the principle. */
  readonly instructions: readonly (string | undefined)[];
  readonly orders: 'both' | 'one-order';
  readonly examples: readonly ScoringExample[];
  /** Longest question in tokens. */
  readonly contextLength: number;
  readonly seed: number;
  /** Next-token logits after each sequence, [vocabulary]. */
  readonly nextLogits: (sequences: readonly Int32Array[], signal: AbortSignal) => Promise<Float32Array[]>;
}

/** One question: which pair, which order, its tokens. */
interface Asked {
  readonly row: number;
  readonly chosenFirst: boolean;
  readonly tokens: Int32Array;
}

/**
 * P(B) = exp(b) / (exp(a) + exp(b)) of the two logits after the scoring prompt; both orders are averaged, or one is
 * drawn for each pair.
 *
 * @throws AlgorithmInputError if the tokenizer has no single token for A or B
 */
export function choiceQuestion(options: ChoiceQuestionOptions): PairQuestion {
  const { tokenizer, seed } = options;
  const answers = { a: answerToken(tokenizer, 'A'), b: answerToken(tokenizer, 'B') };
  const questionOf = (pair: PreferencePairLine, chosenFirst: boolean): Int32Array => {
    const [responseA, responseB] = chosenFirst ? [pair.chosen, pair.rejected] : [pair.rejected, pair.chosen];
    const instruction = instructionOf(pair, options.instructions, seed);
    const question = { prompt: pair.prompt, instruction, responseA, responseB };
    const text = fewShotScoringPrompt(options.examples, question);
    return tokenizer.encode(text, { bos: tokenizer.startsWithBos });
  };
  return {
    async ask(pairs, signal) {
      const asked = pairs.flatMap((pair, row): Asked[] => {
        const orders = options.orders === 'both' ? [true, false] : [chosenIsA(pair, seed)];
        const questions = orders.map((chosenFirst) => ({
          row,
          chosenFirst,
          tokens: questionOf(pair, chosenFirst),
        }));
        return questions.some(({ tokens }) => tokens.length > options.contextLength) ? [] : questions;
      });
      const logits = await options.nextLogits(
        asked.map(({ tokens }) => tokens),
        signal,
      );
      const byRow = new Map<number, PairVerdict['byOrder'][number][]>();
      asked.forEach(({ row, chosenFirst }, index) => {
        const found = logits[index];
        if (found === undefined) throw new AlgorithmInputError(`the engine left out question ${index}`);
        const { shownA, mass } = readAnswer(found, answers);
        const answer = { first: chosenFirst ? shownA : 1 - shownA, shownA, mass };
        byRow.set(row, [...(byRow.get(row) ?? []), answer]);
      });
      return pairs.map((_, row) => {
        const byOrder = byRow.get(row);
        if (byOrder === undefined) return null;
        return { first: byOrder.reduce((sum, { first }) => sum + first, 0) / byOrder.length, byOrder };
      });
    },
  };
}

/** P(A) among A and B, and the probability of either among all tokens, from logits [vocabulary]. */
export function readAnswer(
  logits: Float32Array,
  { a, b }: { readonly a: number; readonly b: number },
): { shownA: number; mass: number } {
  const [logitA, logitB] = [logits[a] ?? Number.NaN, logits[b] ?? Number.NaN];
  const top = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - top), 0);
  return {
    shownA: 1 / (1 + Math.exp(logitB - logitA)),
    mass: Math.min(1, (Math.exp(logitA - top) + Math.exp(logitB - top)) / total),
  };
}

const BEFORE_ANSWER = 'The answer is: (';

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
