/** The simulate task by a model that is served elsewhere: the same prompts, filter and tries, over HTTP. */
import { z } from 'zod';
import { uniform } from '../../../shared/random.ts';
import { words } from '../../../shared/text/words.ts';
import { labelledTurns } from '../../../shared/dialogue/labelled-turns.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import { UnusablePromptError } from '../../algorithms/usable-prompts.ts';
import { END_MARK, type ModelResponse, type ResponseSource } from '../../algorithms/simulate/responses.ts';
import { simulate } from '../../algorithms/simulate/simulate.ts';
import {
  chatCompletion,
  completion,
  type ChatCompletion,
  type Completion,
} from '../../served-model/completions.ts';
import { encodeLines, JSON_LINES } from '../json-lines.ts';
import { simulationInput } from '../simulate.ts';
import type { TaskOutcome } from '../task-context.ts';
import type { QuestionKind } from './ask-server.ts';
import { NO_CHECKPOINTS, type ServedContext } from './served-task.ts';

/** Of seeds that every server takes. */
const SEEDS = 2 ** 31;
const value = z.strictObject({ text: z.string(), ended: z.boolean(), tokens: z.int().nonnegative() });

type Answer = z.output<typeof value>;

const CONTINUATION: QuestionKind<Completion, Answer> = {
  path: '/completions',
  answer: completion,
  value,
  read: ({ choices: [{ text, finish_reason: reason }], usage }) => ({
    text,
    ended: reason === 'stop',
    tokens: usage?.output ?? words(text).length,
  }),
};

const CHAT_ANSWER: QuestionKind<ChatCompletion, Answer> = {
  path: '/chat/completions',
  answer: chatCompletion,
  value,
  read({ choices: [{ message, finish_reason: reason }], usage }) {
    const text = message.content ?? '';
    return { text, ended: reason === 'stop', tokens: usage?.output ?? words(text).length };
  },
};

export async function simulateServed(context: ServedContext<'simulate'>): Promise<TaskOutcome<'simulate'>> {
  const { task, server, artifacts, hooks, batchSize } = context;
  const { parameters, baseModel } = task;
  const { contextLength } = baseModel;
  const { pairs, result } = await simulate(
    await simulationInput(context),
    { ...parameters, contextLength, batchSize, checkpointEvery: NO_CHECKPOINTS },
    servedResponses(context, contextLength),
    hooks,
    null,
  );
  const bytes = encodeLines(pairs);
  const sha256 = await artifacts.put({ kind: 'preference-dataset', mediaType: JSON_LINES, bytes });
  return { outputs: [{ name: 'pairs', sha256 }], result: { ...result, served: server.usage() } };
}

/** The server's continuations of raw texts, or its answers to messages, as the filter reads those of our own engine. */
function servedResponses(
  { task, server, protocol }: ServedContext<'simulate'>,
  contextLength: number,
): ResponseSource {
  const { parameters, seed } = task;
  const { temperature, topP, maximumNewTokens, bannedTexts, promptForm } = parameters;
  const responseOf = ({ text, ended, tokens }: Answer): ModelResponse => {
    // A server does not say whether it stopped at its own end or at the next turn, which it leaves out.
    const end = promptForm === 'prefix' ? END_MARK : NEXT_TURN;
    const banned = bannedTexts.some((one) => text.includes(one)) ? 'banned-text' : null;
    return {
      text: ended ? text + end : text,
      tokens,
      refused: text.includes('\u{fffd}') ? 'broken-character' : banned,
    };
  };
  return {
    check(name, text) {
      // Every word is at least one token: what is too long so is too long for any tokenizer.
      const least = words(text).length + maximumNewTokens;
      if (least <= contextLength) return;
      throw new UnusablePromptError(
        'too-long',
        `prompt ${name} and its response take at least ${least} tokens, the model's context is ${contextLength}: ` +
          'shorten the prompt, ask for fewer new tokens, or register the model with its true context length',
      );
    },
    async respond(requests, signal) {
      const questions = requests.map(({ prompt, stream }) => ({
        index: stream,
        body: {
          ...(protocol === 'chat' ? { messages: messagesOf(prompt) } : { prompt }),
          max_tokens: maximumNewTokens,
          temperature,
          top_p: topP,
          seed: Math.floor(uniform(seed, stream, 0) * SEEDS),
          ...(promptForm === 'dialogue' ? { stop: [NEXT_TURN] } : {}),
        },
      }));
      const answers =
        protocol === 'chat'
          ? await server.ask(CHAT_ANSWER, questions, signal)
          : await server.ask(CONTINUATION, questions, signal);
      return answers.map(responseOf);
    },
  };
}

/**
 * A prompt as messages. Nobody can begin the answer of a server that takes nothing else, so what would stand in its label,
 * or be its first words, stands behind the user's last ones; labels of earlier turns are left out.
 */
function messagesOf(prompt: string): { readonly role: string; readonly content: string }[] {
  const { turns, open } = labelledTurns(prompt);
  const affix = [open.label, open.opening].filter((text) => text !== '').join(' ');
  return turns.map(({ role, text }, index) => ({
    role,
    content: affix !== '' && index === turns.length - 1 ? `${text} ${affix}` : text,
  }));
}
