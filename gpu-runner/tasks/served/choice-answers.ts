/** A or B by the log-probabilities of the next token, as servers tell the likeliest few. */
import { z } from 'zod';
import {
  BEFORE_ANSWER,
  type AnswerChoices,
  type ChoiceAnswer,
} from '../../algorithms/label/choice-answers.ts';
import {
  chatCompletion,
  completion,
  type ChatCompletion,
  type Completion,
} from '../../served-model/completions.ts';
import { ServerRefusalError } from '../../served-model/post-json.ts';
import type { AskedServer, QuestionKind } from './ask-server.ts';

/** As many alternatives as every server gives: OpenAI's limits for each of the two. */
const ALTERNATIVES = { completions: 5, chat: 20 } as const;
/** Tokens of a chat's answer among which the letter stands: `(A`, or `(` and `A`. */
const CHAT_TOKENS = 3;
const CHAT_REQUEST = 'Answer with the letter alone: A or B.';

const value = z.strictObject({ shownA: z.number().min(0).max(1), mass: z.number().min(0).max(1) });

const NO_PROBABILITIES = {
  cure:
    'Label with a model whose server gives them (vLLM, SGLang and llama.cpp do), or take the method rlcd, which asks no ' +
    'question',
};

const BY_COMPLETION: QuestionKind<Completion, ChoiceAnswer> = {
  path: '/completions',
  answer: completion,
  value,
  read({ choices: [{ logprobs }] }) {
    const top = logprobs?.top_logprobs?.[0];
    if (!top) {
      throw new ServerRefusalError(
        "the server gives no log-probabilities of the likeliest tokens (choices[0].logprobs.top_logprobs), and a label is made of A's and B's",
        NO_PROBABILITIES,
      );
    }
    return readAlternatives(Object.entries(top));
  },
};

const BY_CHAT: QuestionKind<ChatCompletion, ChoiceAnswer> = {
  path: '/chat/completions',
  answer: chatCompletion,
  value,
  read({ choices: [{ logprobs }] }) {
    const places = (logprobs?.content ?? [])
      .slice(0, CHAT_TOKENS)
      .map(({ top_logprobs: top }) =>
        readAlternatives(top.map(({ token, logprob }): [string, number] => [token, logprob])),
      );
    const [first, ...others] = places;
    if (first === undefined) {
      throw new ServerRefusalError(
        "the server gives no log-probabilities of its answer (choices[0].logprobs.content), and a label is made of A's and B's",
        NO_PROBABILITIES,
      );
    }
    return others.reduce((best, place) => (place.mass > best.mass ? place : best), first);
  },
};

/**
 * P(A) among A and B, from the likeliest tokens. A letter that is not among them is at most as likely as the last of them,
 * and that bound stands for it.
 */
export function readAlternatives(
  alternatives: readonly (readonly [token: string, logProbability: number])[],
): ChoiceAnswer {
  const massOf = (letter: string) => {
    const own = alternatives.filter(([token]) => token.replaceAll(/[\s▁()]/g, '') === letter);
    return own.length === 0
      ? null
      : own.reduce((sum, [, logProbability]) => sum + Math.exp(logProbability), 0);
  };
  const [a, b] = [massOf('A'), massOf('B')];
  if (a === null && b === null) return { shownA: 0.5, mass: 0 };
  const told = alternatives.reduce((sum, [, logProbability]) => sum + Math.exp(logProbability), 0);
  const least = Math.exp(Math.min(...alternatives.map(([, logProbability]) => logProbability)));
  const bound = Math.min(least, Math.max(0, 1 - told));
  const [ofA, ofB] = [a ?? bound, b ?? bound];
  return { shownA: ofA / (ofA + ofB), mass: Math.min(1, (a ?? 0) + (b ?? 0)) };
}

/** Answers for `pairChoice`. @throws ServerRefusalError at the first question where the server gives no log-probabilities */
export function servedChoice(server: AskedServer, protocol: 'completions' | 'chat'): AnswerChoices {
  // Questions are told apart by their texts, so their places in a batch do not matter.
  const index = 0;
  return async (questions, signal) => {
    if (protocol === 'completions') {
      const logprobs = ALTERNATIVES.completions;
      const asked = questions.map((prompt) => ({
        index,
        body: { prompt, max_tokens: 1, temperature: 0, logprobs },
      }));
      return await server.ask(BY_COMPLETION, asked, signal);
    }
    const asked = questions.map((question) => {
      const end = question.lastIndexOf(BEFORE_ANSWER);
      const messages = [{ role: 'user', content: question.slice(0, end) + CHAT_REQUEST }];
      const top_logprobs = ALTERNATIVES.chat;
      return {
        index,
        body: { messages, max_tokens: CHAT_TOKENS, temperature: 0, logprobs: true, top_logprobs },
      };
    });
    return await server.ask(BY_CHAT, asked, signal);
  };
}
