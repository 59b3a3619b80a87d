/** The A/B question of RLAIF: both responses are shown, the next token is the answer. */
import { fewShotScoringPrompt } from '../../../shared/dialogue/scoring-prompt.ts';
import type { ScoringExample } from '../../../shared/dialogue/scoring-prompt.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { choiceAnswers, type AnswerChoices, type ChoiceModel } from './choice-answers.ts';
import { chosenIsA, instructionOf, type PairQuestion, type PairVerdict } from './question.ts';

/** What is asked, whoever answers. */
export interface AskedChoice {
  /** By affix pair of the principle. */
  readonly instructions: readonly (string | undefined)[];
  readonly orders: 'both' | 'one-order';
  readonly examples: readonly ScoringExample[];
  readonly seed: number;
}

/** The question to a model that the runner holds. @throws AlgorithmInputError as {@link choiceAnswers} */
export function choiceQuestion(options: AskedChoice & ChoiceModel): PairQuestion {
  return pairChoice(options, choiceAnswers(options));
}

/**
 * Both orders are averaged, or one is drawn for each pair; a question that is longer than the context leaves its pair out.
 */
export function pairChoice(
  { instructions, orders, examples, seed }: AskedChoice,
  answer: AnswerChoices,
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
