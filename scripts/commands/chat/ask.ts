/** One question to a served model, answered part by part. */
import { completionPart, completionRefusal } from '../../../shared/api/completions.ts';
import { UserError } from '../../../shared/user-error.ts';

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** How answers are sampled, in the names of the API. */
export interface Sampling {
  readonly temperature: number;
  readonly top_p: number;
  readonly seed: number;
  readonly max_tokens?: number;
}

export interface Served {
  /** Up to and with /v1. */
  readonly url: string;
  readonly key: string;
}

/** The endpoint refused; the code is its own. */
export class AskError extends UserError {
  override readonly name = 'AskError';
  override readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * @param prompt turns of a chat, or a text to go on with
 * @throws AskError as the endpoint refuses; the signal's reason
 */
export async function* ask(
  { url, key }: Served,
  model: string,
  prompt: readonly Turn[] | string,
  sampling: Sampling,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const isText = typeof prompt === 'string';
  const response = await fetch(`${url}/${isText ? 'completions' : 'chat/completions'}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      ...(isText ? { prompt } : { messages: prompt }),
      ...sampling,
      stream: true,
    }),
    signal,
  });
  if (!response.ok || response.body === null) throw refused(await response.text());
  for await (const data of events(response.body)) {
    const parsed = completionPart.parse(JSON.parse(data));
    if ('error' in parsed) throw refused(data);
    for (const { text, delta } of parsed.choices) yield text ?? delta?.content ?? '';
  }
}

function refused(body: string): AskError {
  const parsed = completionRefusal.safeParse(JSON.parse(body));
  if (!parsed.success) return new AskError(`the endpoint refused: ${body.slice(0, 500)}`, 'refused');
  const { message, code } = parsed.data.error;
  return new AskError(message, code ?? 'refused');
}

/** The data of server-sent events, up to `[DONE]`. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'data: [DONE]') return;
      if (line.startsWith('data: ')) yield line.slice('data: '.length);
    }
  }
}
