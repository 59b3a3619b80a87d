/**
 * What stands in for the A/B question where the model only writes stories: which response makes an affirming text
 * likelier.
 *
 * A plain story model knows neither options nor letters. But it can say how likely a text t is after a story, and if t
 * was said after one of two responses, both equally likely before, then by Bayes
 *
 *   P(response 1 | t) = p(t | prompt, response 1) / (p(t | prompt, response 1) + p(t | prompt, response 2)),
 *
 * the softmax over two log-likelihoods where RLAIF has the softmax over two logits. t is the scoring instruction of the
 * pair's index, such as "They were kind to each other." As t is the same text for both, the responses' own lengths and
 * likelihoods do not enter, and as each response is read alone, there is no order to be biased by.
 */
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import { sequenceOf, type Sequence } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { continuationTokens } from '../continuation-tokens.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { instructionOf, type PairQuestion } from './question.ts';

export interface LikelihoodQuestionOptions {
  readonly tokenizer: Tokenizer;
  /** Affirming texts by affix pair of the principle. */
  readonly instructions: readonly (string | undefined)[];
  /** Longest text in tokens. */
  readonly contextLength: number;
  readonly seed: number;
  /** Log-probabilities of the scored tokens of each text, nats. */
  readonly logProbabilities: (
    texts: readonly Sequence<Int32Array>[],
    signal: AbortSignal,
  ) => Promise<readonly Float32Array[]>;
}

export function likelihoodQuestion(options: LikelihoodQuestionOptions): PairQuestion {
  const { tokenizer, instructions, contextLength, seed } = options;
  const textsOf = (pair: PreferencePairLine): Sequence<Int32Array>[] => {
    const prompt = tokenizer.encodePrompt(pair.prompt);
    return [pair.chosen, pair.rejected].map((response) => {
      const said = continuationTokens(tokenizer, prompt, preferenceText('prefix', '', response));
      const { tokens: story } = sequenceOf(prompt, said);
      const affirmed = continuationTokens(
        tokenizer,
        story,
        ` ${instructionOf(pair, instructions, seed).trim()}`,
      );
      return sequenceOf(story, affirmed);
    });
  };
  return {
    async ask(pairs, signal) {
      const texts = pairs.map(textsOf);
      const fits = texts.map((sides) => sides.every(({ tokens }) => tokens.length <= contextLength));
      const scores = await options.logProbabilities(texts.filter((_, row) => fits[row]).flat(), signal);
      let place = 0;
      return pairs.map((_, row) => {
        if (fits[row] !== true) return null;
        const [first, second] = [sum(scores[place]), sum(scores[place + 1])];
        place += 2;
        return { first: 1 / (1 + Math.exp(second - first)), byOrder: [] };
      });
    },
  };
}

function sum(values: Float32Array | undefined): number {
  if (values === undefined) throw new AlgorithmInputError('the engine left out a text');
  return values.reduce((total, value) => total + value, 0);
}
