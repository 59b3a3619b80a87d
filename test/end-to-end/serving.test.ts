/** A client of the OpenAI API asks the edge, a runner answers: base and adapter, streamed and whole, and who may not. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../scripts/processes/free-port.ts';
import { signRequest, hashOf, SERVING_HEADERS, encodeModel } from '../../shared/serving.ts';
import { storiesWithTemplate } from '../gpu-runner/serve/endpoint-process.ts';
import { createWorld, QUICK, type World } from './world.ts';

const { simulate = {}, generate = {} } = QUICK;
const SETTINGS = {
  simulate,
  distill: { rank: 2, epochs: 1, batchSize: 4, maximumLength: 128, checkpointEverySteps: 1 },
  generate,
};
const messages = [{ role: 'user' as const, content: 'Once upon a time' }];
let world: World;
let offset = 0;
let client: OpenAI;
let port: number;

async function clientOf(scopes: ('client' | 'runner')[]): Promise<OpenAI> {
  const { secret } = await world.client.createKey({ body: { name: 'who asks', scopes } });
  return new OpenAI({ baseURL: `${world.url}/v1`, apiKey: secret ?? '', maxRetries: 0 });
}

async function refusal(call: Promise<unknown>): Promise<APIError> {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof APIError) return error;
  throw new Error(`nothing was refused, or otherwise: ${String(error)}`);
}

async function untilServed(): Promise<void> {
  for (;;) {
    const { items } = await world.client.listRunners({ query: { status: 'live' } });
    if (items.some(({ serveUrl }) => serveUrl !== null)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

beforeAll(async () => {
  world = await createWorld({ model: await storiesWithTemplate(), clockOffset: () => offset });
  client = await clientOf(['client']);
  port = await freePort();
});
afterAll(async () => await world.close());

test('without a runner that serves, the cure is told as such clients read it', async () => {
  const error = await refusal(client.chat.completions.create({ model: 'model', messages }));
  expect([error.status, error.code]).toEqual([503, 'not-served']);
  expect(error.message).toContain('RLCD_SERVE_URL');
  const unknown = await refusal(client.chat.completions.create({ model: 'other', messages }));
  expect([unknown.status, unknown.code]).toEqual([404, 'not-found']);
  const wrong = await refusal(client.chat.completions.create({ model: 'model', messages, temperature: 9 }));
  expect([wrong.status, wrong.code, wrong.param]).toEqual([400, 'invalid-request', '#/temperature']);
  const runner = await refusal(
    (await clientOf(['runner'])).chat.completions.create({ model: 'model', messages }),
  );
  expect(runner.status).toBe(403);
});

test('the base answers through the edge, whole and streamed alike', async () => {
  await world.run('served', { environment: { RLCD_SERVE_URL: `http://127.0.0.1:${port}` } });
  await untilServed();
  const settings = { model: 'model', messages, seed: 3, max_tokens: 80 };
  const whole = await client.chat.completions.create(settings);
  const text = whole.choices[0]?.message.content ?? '';
  expect(text.length).toBeGreaterThan(40);
  let streamed = '';
  let parts = 0;
  for await (const chunk of await client.chat.completions.create({ ...settings, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? '';
    parts += 1;
  }
  expect(streamed).toBe(text);
  expect(parts).toBeGreaterThan(3);
  const completion = await client.completions.create({
    model: 'model',
    prompt: 'Tom',
    max_tokens: 5,
    seed: 1,
  });
  expect(completion.usage?.completion_tokens).toBe(5);
  const error = await refusal(
    client.chat.completions.create({
      model: 'model',
      messages: [...messages, { role: 'system', content: 'x' }],
    }),
  );
  expect([error.status, error.code]).toEqual([400, 'bad-chat']);
});

test('an adapter answers, given to the runner by the edge, and otherwise than the base', async () => {
  const id = await world.submit({ method: 'context-distillation', hyperparameters: SETTINGS });
  expect((await world.ended(id)).status).toBe('succeeded');
  const listed = await client.models.list();
  expect(listed.data.map((model) => model.id)).toEqual(['model', `${id}/adapter`]);
  const settings = { messages, seed: 5, max_tokens: 60, logprobs: true };
  const aligned = await client.chat.completions.create({ ...settings, model: `${id}/adapter` });
  const again = await client.chat.completions.create({ ...settings, model: `${id}/adapter` });
  const base = await client.chat.completions.create({ ...settings, model: 'model' });
  expect(again.choices).toEqual(aligned.choices);
  expect(aligned.choices[0]?.logprobs).not.toEqual(base.choices[0]?.logprobs);
});

test('the runner answers nobody else, and no request that was changed on its way', async () => {
  const url = `http://127.0.0.1:${port}/v1/chat/completions`;
  const body = JSON.stringify({ model: 'model', messages });
  const send = async (headers: Record<string, string>, sent = body) =>
    (await fetch(url, { method: 'POST', headers, body: sent })).status;
  expect(await send({})).toBe(401);
  expect(await send({ authorization: `Bearer ${'x'.repeat(43)}` })).toBe(401);
  const model = encodeModel({ source: 'bundled', identity: hashOf(''), adapterSha256: null });
  const time = String(Date.now());
  const signature = signRequest(hashOf('another key'), {
    method: 'POST',
    path: '/v1/chat/completions',
    time,
    model,
    bodySha256: hashOf(body),
  });
  const signed = {
    [SERVING_HEADERS.time]: time,
    [SERVING_HEADERS.model]: model,
    [SERVING_HEADERS.signature]: signature,
  };
  expect(await send(signed)).toBe(401);
});

test('who answers at the address of a runner without its key is not believed', async () => {
  let asked = 0;
  const impostor = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end('{"choices":[{"message":{"content":"secret"}}]}');
  });
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const address = impostor.address();
  const { secret } = await world.client.createKey({ body: { name: 'liar', scopes: ['runner'] } });
  // An id that comes before the runner's own for this model.
  const [base] = (await world.client.listBaseModels()).items;
  const [runner] = (await world.client.listRunners()).items;
  const rank = (id: string | undefined) => hashOf(`${base?.weightsSha256} ${id}`);
  let id = crypto.randomUUID();
  while (rank(id) > rank(runner?.id)) id = crypto.randomUUID();
  const claim = await fetch(`${world.url}/v1/tasks/claim`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      claimId: crypto.randomUUID(),
      runner: {
        id,
        name: 'liar',
        engineVersion: 'none',
        device: {},
        serveUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
      },
    }),
  });
  expect(claim.status).toBe(200);
  const answer = await client.chat.completions.create({ model: 'model', messages, max_tokens: 4 });
  expect(answer.usage?.completion_tokens).toBe(4);
  expect(asked).toBe(1);
  impostor.close();
});

test('a key that is revoked serves no more', async () => {
  const { items } = await world.client.listKeys();
  for (const { id, scopes } of items) {
    if (scopes.includes('runner')) await world.client.revokeKey({ parameters: { keyId: id } });
  }
  // The edge trusts what it knows of a key for a second.
  offset += 2000;
  const error = await refusal(client.chat.completions.create({ model: 'model', messages }));
  expect(error.code).toBe('not-served');
});
