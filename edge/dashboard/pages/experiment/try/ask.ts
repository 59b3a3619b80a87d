/** One question to a model that a runner serves, answered part by part. */
import type { z } from 'zod';
import { ApiError, type Client } from '../../../../../shared/api/client.ts';
import { completionPart, completionRefusal } from '../../../../../shared/api/completions.ts';
import { likelihood } from '../../../../../shared/api/likelihoods.ts';
import { textOfTurns } from '../../../../../shared/dialogue/turn-text.ts';
import type { PromptForm } from '../../../../../shared/principles/principle.ts';
import { UserError } from '../../../../../shared/user-error.ts';
import { parseEvents } from '../../../app/parse-events.ts';
import type { SaidToken } from './said-tokens.ts';

/** The end of a stream in the form of the OpenAI API. */
const DONE = '[DONE]';
/** A model that is shown dialogues as text would go on with the person's next words. */
const NEXT_QUESTION = '\n\nHuman:';

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface Settings {
  readonly temperature: number;
  readonly seed: number;
  readonly max_tokens: number;
}

/** What an answer has more. */
interface AnswerPart {
  readonly text: string;
  readonly tokens: readonly SaidToken[];
}

type Logprobs = Extract<z.output<typeof completionPart>, { choices: unknown }>['choices'][number]['logprobs'];

/** A model refused, or its answer broke off; the message says why. */
export class AnswerError extends UserError {
  override readonly name = 'AnswerError';
  override readonly code = 'no-answer';
}

/** What is asked, as the API takes it: turns for a chat model, a text to go on with for any other. */
export function questionOf(form: PromptForm, model: string, turns: readonly Turn[], settings: Settings) {
  const shared = { model, ...settings, stream: true };
  if (form === 'chat') {
    const messages = turns.map(({ role, text }) => ({ role, content: text }));
    const body = { ...shared, messages, logprobs: true };
    return { operation: 'createChatCompletion', input: { body } } as const;
  }
  const text = form === 'prefix' ? (turns.at(-1)?.text ?? '') : `\n\n${textOfTurns(turns)}`;
  const body = {
    ...shared,
    prompt: text,
    logprobs: 0 as const,
    ...(form === 'dialogue' ? { stop: NEXT_QUESTION } : {}),
  };
  return { operation: 'createCompletion', input: { body } } as const;
}

/** What the question asks about, and an answer to it that another model gave. @throws as {@link answerTo} */
export async function likelihoodOf(
  client: Client,
  question: ReturnType<typeof questionOf>,
  answer: string,
  signal: AbortSignal,
): Promise<SaidToken[]> {
  const { body } = question.input;
  const asked = 'messages' in body ? { messages: body.messages } : { prompt: body.prompt };
  const response = await refused(
    client.measureLikelihood({ body: { model: body.model, ...asked, answer } }, { signal }),
  );
  const { tokens } = likelihood.parse(await response.json());
  return tokens.map(({ text, logprob }) => ({ text, logProbability: logprob }));
}

/** @throws AnswerError as the model refuses, ApiError as the edge does, the signal's reason */
export async function* answerTo(
  client: Client,
  question: ReturnType<typeof questionOf>,
  signal: AbortSignal,
): AsyncGenerator<AnswerPart> {
  const { body } = await send(client, question, signal);
  if (!body) return;
  for await (const { data } of parseEvents(body)) {
    if (data === DONE) return;
    const part = completionPart.parse(JSON.parse(data));
    if ('error' in part) throw new AnswerError(part.error.message);
    for (const { text, delta, logprobs } of part.choices) {
      yield { text: text ?? delta?.content ?? '', tokens: tokensOf(logprobs) };
    }
  }
  throw new AnswerError('The answer broke off', { cure: 'Ask again' });
}

/** In either operation's form. */
function tokensOf(logprobs: Logprobs): SaidToken[] {
  const { content, tokens = [], token_logprobs: values = [] } = logprobs ?? {};
  return (
    content?.map(({ token, logprob }) => ({ text: token, logProbability: logprob })) ??
    tokens.map((text, index) => ({ text, logProbability: values[index] ?? Number.NaN }))
  );
}

async function send(
  client: Client,
  question: ReturnType<typeof questionOf>,
  signal: AbortSignal,
): Promise<Response> {
  return await refused(
    question.operation === 'createChatCompletion'
      ? client.createChatCompletion(question.input, { signal })
      : client.createCompletion(question.input, { signal }),
  );
}

/** @throws AnswerError where the model refuses */
async function refused(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    const refusal = error instanceof ApiError ? refusalIn(error.problem.detail) : undefined;
    throw refusal === undefined ? error : new AnswerError(refusal);
  }
}

/** What a runner said in the form of the OpenAI API; undefined where the edge spoke itself. */
function refusalIn(detail: string): string | undefined {
  if (!detail.startsWith('{')) return undefined;
  try {
    return completionRefusal.safeParse(JSON.parse(detail)).data?.error.message;
  } catch (error) {
    // A longer answer is cut where the client keeps it.
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
