/** A chat model behind an OpenAI-compatible endpoint, whose address and key only the runner's environment knows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { AskChat, ChatAnswer, ChatQuestion } from '../../algorithms/judge/chat-judge.ts';
import { withTimeLimit } from '../../../shared/with-time-limit.ts';
import { TaskInputError } from '../task-context.ts';
import { UserError } from '../../../shared/user-error.ts';
import { messageOf } from '../../../shared/caught.ts';

export interface ChatEndpoint {
  /** Up to and without `/chat/completions`, such as http://127.0.0.1:8000/v1. */
  readonly url: string;
  /** Sent as a bearer token; null for an endpoint that wants none. */
  readonly key: string | null;
}

export interface EndpointPatience {
  readonly maximumTries: number;
  readonly firstDelayMs: number;
  readonly largestDelayMs: number;
  /** Of one request. */
  readonly timeoutMs: number;
}

const PATIENCE: EndpointPatience = {
  maximumTries: 8,
  firstDelayMs: 500,
  largestDelayMs: 30_000,
  timeoutMs: 120_000,
};

/** The endpoint did not answer usefully, although it was asked again and again; the same task may succeed later. */
class JudgeEndpointError extends UserError {
  override readonly name = 'JudgeEndpointError';
  override readonly code = 'unexpected';
  override readonly retryable = true;
}

/** @throws TaskInputError if RLCD_JUDGE_URL is not set */
export function endpointOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ChatEndpoint {
  const url = environment['RLCD_JUDGE_URL'];
  if (!url) {
    throw new TaskInputError(
      'this runner knows no endpoint to judge by: start it with RLCD_JUDGE_URL (and RLCD_JUDGE_KEY), or choose another judge',
    );
  }
  const key = environment['RLCD_JUDGE_KEY'];
  return { url: url.replace(/\/+$/, ''), key: key ? key : null };
}

const completion = z.object({
  choices: z.tuple([z.object({ message: z.object({ content: z.string().nullable() }) })], z.unknown()),
  usage: z
    .object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() })
    .nullish(),
});

/**
 * Asks the endpoint; what passes by itself (the network, 408, 409, 429, 5xx) is tried again with growing delays, or
 * after the seconds that the endpoint asks for.
 *
 * @throws TaskInputError for a refusal that no repetition mends, such as a wrong key or model; JudgeEndpointError when
 *   every try failed. Neither names the key.
 */
export function chatEndpoint({ url, key }: ChatEndpoint, patience: EndpointPatience = PATIENCE): AskChat {
  return async (question, signal) => {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const outcome = await askOnce(url, key, question, patience.timeoutMs, signal);
      if ('answer' in outcome) return { ...outcome.answer, retries: attempt };
      if (attempt + 1 >= patience.maximumTries) {
        throw new JudgeEndpointError(
          `${url} did not judge after ${patience.maximumTries} tries (${outcome.trouble}): see to it, then go on`,
        );
      }
      const growing = Math.min(patience.largestDelayMs, patience.firstDelayMs * 2 ** attempt);
      await sleep(outcome.afterMs ?? growing, undefined, { signal });
    }
  };
}

type Outcome =
  | { readonly answer: Omit<ChatAnswer, 'retries'> }
  | { readonly trouble: string; readonly afterMs: number | null };

async function askOnce(
  url: string,
  key: string | null,
  { model, system, user, temperature, maximumTokens }: ChatQuestion,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  let response: Response;
  let body: string;
  try {
    ({ response, body } = await withTimeLimit(signal, timeoutMs, async (limited) => {
      const answered = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({
          model,
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: user },
          ],
          temperature,
          max_tokens: maximumTokens,
        }),
        signal: limited,
      });
      return { response: answered, body: await answered.text() };
    }));
  } catch (error) {
    signal.throwIfAborted();
    return { trouble: messageOf(error), afterMs: null };
  }
  const { status } = response;
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    return { trouble: `status ${status}`, afterMs: retryAfterMs(response.headers.get('retry-after')) };
  }
  if (!response.ok) {
    throw new TaskInputError(
      `${url} refused to judge with status ${status}: ${body.slice(0, 300)}: check RLCD_JUDGE_URL, RLCD_JUDGE_KEY and the model "${model}"`,
    );
  }
  const parsed = completion.safeParse(jsonOf(body));
  if (!parsed.success) return { trouble: 'no chat completion in the answer', afterMs: null };
  const { choices, usage } = parsed.data;
  return {
    answer: {
      text: choices[0].message.content ?? '',
      tokens: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null,
    },
  };
}

/** The header in seconds; dates and nonsense are left to the growing delay. */
function retryAfterMs(header: string | null): number | null {
  const seconds = header === null || header.trim() === '' ? Number.NaN : Number(header);
  return seconds >= 0 && seconds <= 600 ? seconds * 1000 : null;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
