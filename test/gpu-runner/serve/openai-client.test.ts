/** OpenAI's own client library, unmodified, against a served model in a real process. */
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY, serveStories, storiesWithTemplate } from './endpoint-process.ts';

let served: Awaited<ReturnType<typeof serveStories>>;
let client: OpenAI;

beforeAll(async () => {
  served = await serveStories(await storiesWithTemplate());
  client = served.client;
});
afterAll(async () => {
  await served.child.stop();
});

const model = 'stories';
const messages = [{ role: 'user' as const, content: 'Once upon a time' }];

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<APIError> {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof APIError) return error;
  throw new Error(`nothing was refused, or otherwise: ${String(error)}`);
}

test('the models are listed and found', async () => {
  const listed = await client.models.list();
  expect(listed.data.map(({ id }) => id)).toEqual([model]);
  expect((await client.models.retrieve(model)).id).toBe(model);
  expect((await refusal(client.models.retrieve('other'))).status).toBe(404);
});

describe('chat completions', () => {
  test('an answer with its usage; equal seeds give equal answers, others do not', async () => {
    const ask = async (seed: number) =>
      await client.chat.completions.create({ model, messages, seed, max_tokens: 40 });
    const [first, again, other] = [await ask(7), await ask(7), await ask(8)];
    const text = first.choices[0]?.message.content ?? '';
    expect(text.length).toBeGreaterThan(20);
    expect(first.choices[0]?.finish_reason).toBe('length');
    expect(first.usage?.completion_tokens).toBe(40);
    expect(first.usage?.total_tokens).toBe(40 + (first.usage?.prompt_tokens ?? 0));
    expect(again.choices[0]?.message.content).toBe(text);
    expect(other.choices[0]?.message.content).not.toBe(text);
  });

  test('a stream says the same in parts, and its usage where it is asked for', async () => {
    const settings = { model, messages, seed: 3, max_tokens: 90, temperature: 0.8, top_p: 0.9 };
    const whole = await client.chat.completions.create(settings);
    const stream = await client.chat.completions.create({
      ...settings,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let parts = 0;
    let finish: string | null = null;
    let total: number | undefined;
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      text += choice?.delta.content ?? '';
      if (choice?.delta.content) parts += 1;
      finish = choice?.finish_reason ?? finish;
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(parts).toBeGreaterThan(1);
    expect(finish).toBe(whole.choices[0]?.finish_reason);
    expect(total).toBe(whole.usage?.total_tokens);
  });

  test('several answers differ, and each is the same as ever', async () => {
    const ask = async (n: number) =>
      (await client.chat.completions.create({ model, messages, seed: 5, n, max_tokens: 24 })).choices.map(
        ({ message }) => message.content,
      );
    const three = await ask(3);
    expect(new Set(three).size).toBe(3);
    expect(await ask(1)).toEqual(three.slice(0, 1));
  });

  test('temperature 0 is the likeliest token whatever the seed, and its log-probabilities belong to its text', async () => {
    const ask = async (seed: number) =>
      await client.chat.completions.create({
        model,
        messages,
        seed,
        temperature: 0,
        max_tokens: 20,
        logprobs: true,
      });
    const [first, other] = [await ask(1), await ask(2)];
    expect(other.choices[0]?.message.content).toBe(first.choices[0]?.message.content);
    const tokens = first.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map(({ token }) => token).join('')).toBe(first.choices[0]?.message.content);
    expect(tokens).toHaveLength(20);
  });

  test('a stop text ends the answer and is no part of it, also where a stream would have told its beginning', async () => {
    const settings = { model, messages, seed: 7, max_tokens: 80 };
    const text = (await client.chat.completions.create(settings)).choices[0]?.message.content ?? '';
    const stop = text.slice(30, 42);
    const expected = text.slice(0, text.indexOf(stop));
    const stopped = await client.chat.completions.create({ ...settings, stop, logprobs: true });
    expect(stopped.choices[0]?.message.content).toBe(expected);
    expect(stopped.choices[0]?.finish_reason).toBe('stop');
    const tokens = stopped.choices[0]?.logprobs?.content ?? [];
    const spoken = tokens.map(({ token }) => token).join('');
    expect(spoken.startsWith(expected) && spoken.length < expected.length + 12).toBe(true);
    let streamed = '';
    for await (const chunk of await client.chat.completions.create({
      ...settings,
      stop: ['nothing like this', stop],
      stream: true,
    }))
      streamed += chunk.choices[0]?.delta.content ?? '';
    expect(streamed).toBe(expected);
  });
});

describe('completions', () => {
  test('go on with a text; log-probabilities by token', async () => {
    const answer = await client.completions.create({
      model,
      prompt: 'Once upon a time',
      seed: 1,
      max_tokens: 16,
      logprobs: 0,
    });
    const [choice] = answer.choices;
    expect(choice?.text.startsWith(' ') || choice?.text.startsWith(',')).toBe(true);
    expect(choice?.logprobs?.tokens?.join('')).toBe(choice?.text);
    expect(choice?.logprobs?.token_logprobs?.every((value) => value !== null && value <= 0)).toBe(true);
  });

  test('streamed', async () => {
    const settings = { model, prompt: 'Tom had a', seed: 2, max_tokens: 70 };
    const whole = await client.completions.create(settings);
    let text = '';
    for await (const chunk of await client.completions.create({ ...settings, stream: true }))
      text += chunk.choices[0]?.text ?? '';
    expect(text).toBe(whole.choices[0]?.text);
  });
});

describe('what is refused says what and why', () => {
  test('a wrong key', async () => {
    const stranger = new OpenAI({ baseURL: served.url, apiKey: `${KEY}x`, maxRetries: 0 });
    const error = await refusal(stranger.chat.completions.create({ model, messages }));
    expect([error.status, error.code]).toEqual([401, 'unauthorized']);
  });

  test('a model that is not served', async () => {
    const error = await refusal(client.chat.completions.create({ model: 'gpt-4', messages }));
    expect([error.status, error.code, error.param]).toEqual([404, 'model-not-found', 'model']);
    expect(error.message).toContain('There is stories');
  });

  test.each([
    ['tools', { tools: [{ type: 'function' as const, function: { name: 'f' } }] }],
    ['response_format', { response_format: { type: 'json_object' as const } }],
    ['logit_bias', { logit_bias: { 5: 1 } }],
    ['presence_penalty', { presence_penalty: 1 }],
    ['top_logprobs', { logprobs: true, top_logprobs: 5 }],
    ['temperature', { temperature: 3 }],
    ['n', { n: 99 }],
    ['audio', { audio: { format: 'mp3' as const, voice: 'alloy' } }],
  ])('%s', async (parameter, settings) => {
    const error = await refusal(client.chat.completions.create({ model, messages, ...settings }));
    expect([error.status, error.param]).toEqual([400, parameter]);
    expect(error.message).toContain(parameter);
  });

  test.each([
    [
      'stop',
      { stop: ['a', 'b', 'c', 'd', 'e'] },
      'stop: holds 5 texts, and 4 may end an answer: leave out 1',
    ],
    [
      'stop',
      { stop: '' },
      'stop: is "": it must be a text of 1 to 200 characters, or a list of up to 4 of them',
    ],
    ['stop.1', { stop: ['a', ''] }, 'stop.1: is "": it must be a text of 1 to 200 characters'],
    ['top_p', { top_p: 0 }, 'top_p: is 0: it must be a number above 0, up to 1'],
    ['temperature', { temperature: 3 }, 'temperature: is 3: it must be a number from 0 (always'],
    ['n', { n: 1.5 }, 'n: is 1.5: it must be a whole number from 1 to 8'],
    ['seed', { seed: -1 }, 'seed: is -1: it must be a whole number from 0'],
    [
      'max_tokens',
      { max_tokens: 0 },
      'max_tokens: is 0: it must be a whole number from 1 to 4096, or left out',
    ],
  ])('%s out of its range: the value, and what to send in its place', async (parameter, settings, words) => {
    const error = await refusal(client.chat.completions.create({ model, messages, ...settings }));
    expect([error.status, error.param]).toEqual([400, parameter]);
    expect(error.message).toContain(words);
  });

  test('values of such parameters that change nothing pass', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages,
      max_completion_tokens: 2,
      presence_penalty: 0,
      frequency_penalty: 0,
      logit_bias: {},
      response_format: { type: 'text' },
      user: 'somebody',
    });
    expect(answer.usage?.completion_tokens).toBe(2);
  });

  test("what the template refuses, in the template's words", async () => {
    const error = await refusal(
      client.chat.completions.create({ model, messages: [...messages, { role: 'system', content: 'late' }] }),
    );
    expect([error.status, error.code]).toEqual([400, 'bad-chat']);
    expect(error.message).toContain('The system turn comes first');
  });

  test('a prompt beyond the context, before anything is streamed', async () => {
    const long = [{ role: 'user' as const, content: 'tree '.repeat(5000) }];
    const error = await refusal(client.chat.completions.create({ model, messages: long, stream: true }));
    expect([error.status, error.code]).toEqual([400, 'context-length-exceeded']);
  });

  test('bodies that are no JSON or too large', async () => {
    const send = async (body: string) =>
      await fetch(`${served.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}` },
        body,
      });
    expect((await send('{')).status).toBe(400);
    expect((await send('x'.repeat(5 * 1024 * 1024))).status).toBe(413);
  });
});

test('who goes away ends the work, and the next is answered', async () => {
  const stop = new AbortController();
  const many = Array.from({ length: 4 }, async () => {
    const stream = await client.chat.completions.create(
      { model, messages, n: 8, stream: true },
      { signal: stop.signal },
    );
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stop.abort();
  });
  await Promise.allSettled(many);
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 3 });
  expect(answer.usage?.completion_tokens).toBe(3);
});

test('requests side by side have the answers that they have alone', async () => {
  const ask = async (seed: number) =>
    (await client.chat.completions.create({ model, messages, seed, max_tokens: 60 })).choices[0]?.message
      .content;
  const alone = [await ask(1), await ask(2), await ask(3)];
  expect(await Promise.all([ask(1), ask(2), ask(3), ask(1), ask(2), ask(3)])).toEqual([...alone, ...alone]);
});
