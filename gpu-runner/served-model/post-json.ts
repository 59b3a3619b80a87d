/** One question to an OpenAI-compatible server, asked again while what hinders it passes; never with the key in an error. */
import type { z } from 'zod';
import { messageWithCause } from '../../shared/caught.ts';
import { retry, retryAfterMs } from '../../shared/retry.ts';
import { UserError } from '../../shared/user-error.ts';
import { worked } from '../../shared/working.ts';
import { withTimeLimit } from '../../shared/with-time-limit.ts';

export interface Endpoint {
  /** Up to its version, such as http://127.0.0.1:8000/v1. */
  readonly url: string;
  /** Sent as a bearer token; null for a server that wants none. */
  readonly key: string | null;
  /** Which variables of the runner say so, for the cure of a refusal. */
  readonly settings: string;
}

export interface Patience {
  readonly maximumTries: number;
  readonly firstDelayMs: number;
  readonly largestDelayMs: number;
  /** Of one request. */
  readonly timeoutMs: number;
}

const PATIENCE: Patience = {
  maximumTries: 8,
  firstDelayMs: 500,
  largestDelayMs: 30_000,
  timeoutMs: 300_000,
};

/** Longer than this nobody is waited for at the server's word. */
const LONGEST_ASKED_MS = 600_000;
/** An answer of one text with its log-probabilities is far smaller. */
const LARGEST_ANSWER_BYTES = 32 * 2 ** 20;
const SHOWN_CHARACTERS = 300;

/** The server did not answer usefully, although it was asked again and again; the same task may succeed later. */
class ServerUnreachableError extends UserError {
  override readonly name = 'ServerUnreachableError';
  override readonly code = 'unexpected';
  override readonly retryable = true;
}

/** The server refuses what no repetition mends: a key, a name, a length; or it cannot do what is asked. */
export class ServerRefusalError extends UserError {
  override readonly name = 'ServerRefusalError';
  override readonly code = 'bad-input';
}

/** What may pass by itself; `afterMs` is how long the server wants to be left alone. */
class PassingTrouble extends Error {
  readonly afterMs: number | undefined;

  constructor(message: string, response?: Response) {
    super(message);
    const afterMs = response && retryAfterMs(response);
    this.afterMs = afterMs !== undefined && afterMs <= LONGEST_ASKED_MS ? afterMs : undefined;
  }
}

/**
 * Posts JSON and reads JSON of a form. What passes by itself (the network, an answer cut short or of another form, 408,
 * 409, 429, 5xx) is tried again with growing delays and jitter, or after the seconds that the server asks for. A redirect
 * is refused: the runner's list names who may be asked.
 *
 * @throws ServerRefusalError, ServerUnreachableError when every try failed, or the signal's reason
 */
export async function postJson<Answer>(
  { url, key, settings }: Endpoint,
  path: '/completions' | '/chat/completions',
  body: object,
  schema: z.ZodType<Answer>,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Promise<{ readonly answer: Answer; readonly retries: number }> {
  const { maximumTries, firstDelayMs, largestDelayMs, timeoutMs } = patience;
  const hidden = (text: string) => (key === null ? text : text.replaceAll(key, '***'));
  const ask = async (): Promise<Answer> => {
    const { status, headers, text } = await send();
    if (status === 408 || status === 409 || status === 429 || status >= 500) {
      throw new PassingTrouble(
        `status ${status} ${shortened(hidden(text))}`.trim(),
        new Response(null, { headers }),
      );
    }
    if (status >= 300 && status < 400) {
      throw new ServerRefusalError(`${url} answers with a redirect, which is not followed`, {
        cure: 'Register the model with the address that answers itself',
      });
    }
    if (status !== 200) {
      throw new ServerRefusalError(`${url} refused with status ${status}: ${shortened(hidden(text))}`, {
        cure: `Check ${settings}, the key, the model's name and the context length that the server allows`,
      });
    }
    const parsed = schema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new PassingTrouble(`no answer of ${path} in ${JSON.stringify(shortened(hidden(text)))}`);
  };
  const send = async () => {
    try {
      return await withTimeLimit(signal, timeoutMs, async (limited) => {
        const response = await fetch(`${url}${path}`, {
          method: 'POST',
          redirect: 'manual',
          headers: {
            'content-type': 'application/json',
            ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          },
          body: JSON.stringify(body),
          signal: limited,
        });
        return { status: response.status, headers: response.headers, text: await boundedText(response) };
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new PassingTrouble(hidden(messageWithCause(error)));
    }
  };
  let retries = 0;
  try {
    const answer = await retry(ask, {
      passing: (error) => error instanceof PassingTrouble,
      askedDelayMs: (error) => (error instanceof PassingTrouble ? error.afterMs : undefined),
      attempts: maximumTries,
      firstDelayMs,
      largestDelayMs,
      signal,
      onRetry: (_, attempt) => {
        retries = attempt;
        // The server may be long in coming, and asks for its time itself.
        worked();
      },
    });
    return { answer, retries };
  } catch (error) {
    if (!(error instanceof PassingTrouble)) throw error;
    throw new ServerUnreachableError(`${url} did not answer after ${maximumTries} tries (${error.message})`, {
      cure: 'See to the server, then go on: what was answered is kept',
    });
  }
}

/** The body as text, read no further than any answer is long. */
async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LARGEST_ANSWER_BYTES)
      throw new Error(`an answer of more than ${LARGEST_ANSWER_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function shortened(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
