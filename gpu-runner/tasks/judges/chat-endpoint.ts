/** A chat model behind an OpenAI-compatible endpoint, whose address and key only the runner's environment knows. */
import { z } from 'zod';
import type { AskChat, ChatAnswer, ChatQuestion } from '../../algorithms/judge/chat-judge.ts';
import { type Environment, httpAddress, readVariables } from '../../../shared/read-variables.ts';
import { retry, retryAfterMs } from '../../../shared/retry.ts';
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

/** What names the endpoint. */
export const JUDGE_VARIABLES = {
  RLCD_JUDGE_URL: {
    help: 'address of an OpenAI-compatible endpoint that judges, up to /v1; experiments may then name its models',
    schema: httpAddress.optional(),
  },
  RLCD_JUDGE_KEY: {
    help: "key of that endpoint; it stays in this runner's memory",
    schema: z.string().optional(),
  },
} as const;

/** @throws TaskInputError if RLCD_JUDGE_URL is not set; ConfigurationError if it is no address */
export function endpointOfEnvironment(environment: Environment<typeof JUDGE_VARIABLES>): ChatEndpoint {
  const { RLCD_JUDGE_URL: url, RLCD_JUDGE_KEY: key = null } = readVariables(JUDGE_VARIABLES, environment);
  if (url === undefined) {
    throw new TaskInputError(
      'this runner knows no endpoint to judge by: start it with RLCD_JUDGE_URL (and RLCD_JUDGE_KEY), or choose another judge',
    );
  }
  return { url, key };
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
    const { maximumTries, firstDelayMs, largestDelayMs, timeoutMs } = patience;
    let retries = 0;
    try {
      const answer = await retry(async () => await askOnce(url, key, question, timeoutMs, signal), {
        passing: (error) => error instanceof PassingTrouble,
        askedDelayMs: (error) => (error instanceof PassingTrouble ? error.afterMs : undefined),
        attempts: maximumTries,
        firstDelayMs,
        largestDelayMs,
        signal,
        onRetry: (_, attempt) => (retries = attempt),
      });
      return { ...answer, retries };
    } catch (error) {
      if (!(error instanceof PassingTrouble)) throw error;
      throw new JudgeEndpointError(
        `${url} did not judge after ${maximumTries} tries (${error.message}): see to it, then go on`,
        { cause: error },
      );
    }
  };
}

/** Longer than this nobody is waited for at the endpoint's word. */
const LONGEST_ASKED_MS = 600_000;

/** What may pass by itself; `afterMs` is how long the endpoint wants to be left alone. */
class PassingTrouble extends Error {
  readonly afterMs: number | undefined;

  constructor(message: string, response?: Response) {
    super(message);
    const afterMs = response && retryAfterMs(response);
    this.afterMs = afterMs !== undefined && afterMs <= LONGEST_ASKED_MS ? afterMs : undefined;
  }
}

async function askOnce(
  url: string,
  key: string | null,
  { model, system, user, temperature, maximumTokens }: ChatQuestion,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Omit<ChatAnswer, 'retries'>> {
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
    throw new PassingTrouble(messageOf(error));
  }
  const { status } = response;
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    throw new PassingTrouble(`status ${status}`, response);
  }
  if (!response.ok) {
    throw new TaskInputError(
      `${url} refused to judge with status ${status}: ${body.slice(0, 300)}: check RLCD_JUDGE_URL, RLCD_JUDGE_KEY and the model "${model}"`,
    );
  }
  const parsed = completion.safeParse(jsonOf(body));
  if (!parsed.success) throw new PassingTrouble('no chat completion in the answer');
  const { choices, usage } = parsed.data;
  return {
    text: choices[0].message.content ?? '',
    tokens: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null,
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
