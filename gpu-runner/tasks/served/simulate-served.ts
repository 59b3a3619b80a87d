/** The simulate task by a model that is served elsewhere: the same prompts, filter and tries, over HTTP. */
import { z } from 'zod';
import { uniform } from '../../../shared/random.ts';
import { words } from '../../../shared/text/words.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { UnusablePromptError } from '../../algorithms/usable-prompts.ts';
import { END_MARK, type ModelResponse, type ResponseSource } from '../../algorithms/simulate/responses.ts';
import { simulate } from '../../algorithms/simulate/simulate.ts';
import { completion, type Completion } from '../../served-model/completions.ts';
import { encodeLines, JSON_LINES } from '../json-lines.ts';
import { simulationInput } from '../simulate.ts';
import type { TaskOutcome } from '../task-context.ts';
import type { AskedServer, QuestionKind } from './ask-server.ts';
import { NO_CHECKPOINTS, type ServedContext } from './served-task.ts';

/** Of seeds that every server takes. */
const SEEDS = 2 ** 31;
/** What ends an assistant's turn. */
const NEXT_TURN = '\n\nHuman:';

const value = z.strictObject({ text: z.string(), ended: z.boolean(), tokens: z.int().nonnegative() });

const CONTINUATION: QuestionKind<Completion, z.output<typeof value>> = {
  path: '/completions',
  answer: completion,
  value,
  read: ({ choices: [{ text, finish_reason: reason }], usage }) => ({
    text,
    ended: reason === 'stop',
    tokens: usage?.output ?? words(text).length,
  }),
};

export async function simulateServed(context: ServedContext<'simulate'>): Promise<TaskOutcome<'simulate'>> {
  const { task, server, artifacts, hooks, batchSize } = context;
  const { parameters, baseModel, seed } = task;
  const { contextLength } = baseModel;
  const { pairs, result } = await simulate(
    await simulationInput(context),
    { ...parameters, contextLength, batchSize, checkpointEvery: NO_CHECKPOINTS },
    servedResponses(server, parameters, seed, contextLength),
    hooks,
    null,
  );
  const bytes = encodeLines(pairs);
  const sha256 = await artifacts.put({ kind: 'preference-dataset', mediaType: JSON_LINES, bytes });
  return { outputs: [{ name: 'pairs', sha256 }], result: { ...result, served: server.usage() } };
}

/** The server's continuations of raw texts, as the filter reads those of our own engine. */
function servedResponses(
  server: AskedServer,
  parameters: TaskParameters<'simulate'>,
  seed: number,
  contextLength: number,
): ResponseSource {
  const { temperature, topP, maximumNewTokens, bannedTexts, promptForm } = parameters;
  const dialogue = promptForm === 'dialogue';
  const responseOf = ({ text, ended, tokens }: z.output<typeof value>): ModelResponse => {
    // A server does not say whether it stopped at its own end or at the next turn, which it leaves out.
    const end = dialogue ? NEXT_TURN : END_MARK;
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
          prompt,
          max_tokens: maximumNewTokens,
          temperature,
          top_p: topP,
          seed: Math.floor(uniform(seed, stream, 0) * SEEDS),
          ...(dialogue ? { stop: [NEXT_TURN] } : {}),
        },
      }));
      return (await server.ask(CONTINUATION, questions, signal)).map(responseOf);
    },
  };
}
