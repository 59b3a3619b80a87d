/** Which response makes an affirming text likelier, by a server that tells the log-probabilities of a prompt (`echo`). */
import { z } from 'zod';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import { instructionOf, type PairQuestion } from '../../algorithms/label/question.ts';
import { completion, type Completion } from '../../served-model/completions.ts';
import { ServerRefusalError } from '../../served-model/post-json.ts';
import type { AskedServer, QuestionKind } from './ask-server.ts';

interface LikelihoodOptions {
  /** Affirming texts by affix pair of the principle. */
  readonly instructions: readonly (string | undefined)[];
  readonly seed: number;
  readonly server: AskedServer;
  readonly protocol: 'completions' | 'chat';
}

const NO_ECHO = {
  cure:
    'Label with a model whose server gives them (echo with logprobs at /completions, as vLLM does), or ' +
    'take the method rlcd, which asks no question',
};

/** @throws ServerRefusalError where the server tells no log-probabilities of a prompt, at once or at the first question */
export function servedLikelihood({ instructions, seed, server, protocol }: LikelihoodOptions): PairQuestion {
  if (protocol === 'chat') {
    throw new ServerRefusalError('a chat server gives no log-probabilities of a given text', NO_ECHO);
  }
  return {
    async ask(pairs, signal) {
      const questions = pairs.flatMap((pair) => {
        const affirmed = ` ${instructionOf(pair, instructions, seed).trim()}`;
        return [pair.chosen, pair.rejected].map((response) => {
          const story = preferenceText('prefix', pair.prompt, response);
          // One token more than none: some servers take none for no limit.
          const body = { prompt: story + affirmed, max_tokens: 1, temperature: 0, echo: true, logprobs: 1 };
          return { index: story.length, body };
        });
      });
      const sums = await server.ask(ECHO, questions, signal);
      return pairs.map((_, row) => {
        const [first = Number.NaN, second = Number.NaN] = sums.slice(2 * row, 2 * row + 2);
        return { first: 1 / (1 + Math.exp(second - first)), byOrder: [] };
      });
    },
  };
}

const characters = (text: string): number => Array.from(text).length;

/** The log-probability of what stands behind the first `index` characters of the prompt, nats. */
const ECHO: QuestionKind<Completion, number> = {
  path: '/completions',
  answer: completion,
  value: z.number(),
  read({ choices: [{ logprobs }] }, { index, body }) {
    const { tokens = [], token_logprobs: values = [], text_offset: offsets } = logprobs ?? {};
    const prompt = String(body['prompt']);
    // Servers count characters, of which a character outside the basic plane is one.
    const [start, end] = [characters(prompt.slice(0, index)), characters(prompt)];
    const said = tokens.flatMap((token, place) => {
      const from = offsets?.[place] ?? Number.NaN;
      const to = from + characters(token);
      return to > start && from < end ? [values[place] ?? Number.NaN] : [];
    });
    const sum = said.reduce((total, one) => total + one, 0);
    if (said.length > 0 && Number.isFinite(sum)) return sum;
    throw new ServerRefusalError(
      'the server gives no log-probabilities of the prompt (choices[0].logprobs with text_offset, asked for with echo), and a label of stories is made of them',
      NO_ECHO,
    );
  },
};
