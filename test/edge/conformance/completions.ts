/** Conformance of completions by served models: what is refused before a runner is asked, in the form of the OpenAI API. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Harness } from '../harness.ts';
import { seedWorld } from '../seed.ts';

const refusal = z.object({
  status: z.number(),
  error: z.object({ message: z.string(), code: z.string(), param: z.string().nullable() }),
});

export function completionsConformance(start: () => Promise<Harness>): void {
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const ask = async (body: object, path = '/v1/chat/completions') => {
      const response = await harness.fetch(path, {
        method: 'POST',
        key: harness.secrets.client,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return refusal.parse(await response.json());
    };
    const [base] = (await harness.clients.client.listBaseModels()).items;
    return { harness, ask, model: base?.name ?? '' };
  }
  const messages = [{ role: 'user', content: 'Hi' }];

  it('lists the base models, and answers 503 with the cure where nobody serves them', async () => {
    const { harness, ask, model } = await begin();
    const { data } = await harness.clients.client.listServedModels();
    expect(data.map(({ id }) => id)).toContain(model);
    const chat = await ask({ model, messages });
    expect([chat.status, chat.error.code]).toEqual([503, 'not-served']);
    expect(chat.error.message).toContain('RLCD_SERVE_URL');
    expect((await ask({ model, prompt: 'Hi' }, '/v1/completions')).error.code).toBe('not-served');
  });

  it('asks for one of prompt and messages beside the answer whose likelihood is meant', async () => {
    const { harness, model } = await begin();
    const ask = async (body: { prompt?: string; messages?: { role: 'user'; content: string }[] }) =>
      await harness.clients.client
        .measureLikelihood({ body: { model, answer: 'Yes.', ...body } })
        .catch((error: unknown) => error);
    const wrong = { problem: { status: 400, errors: [{ in: 'body', pointer: '#/prompt' }] } };
    expect(await ask({})).toMatchObject(wrong);
    expect(await ask({ prompt: 'Hi', messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject(wrong);
    const nobody = { problem: { status: 503, type: 'urn:rlcd:problem:not-served' } };
    expect(await ask({ prompt: 'Hi' })).toMatchObject(nobody);
    expect(await ask({ messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject(nobody);
  });

  it('names what is unknown or not done', async () => {
    const { ask, model } = await begin();
    expect((await ask({ model: 'nobody', messages })).error).toMatchObject({ code: 'not-found' });
    const adapter = await ask({ model: '019ab0e7-6c00-7000-8000-000000000000/adapter', messages });
    expect(adapter.status).toBe(404);
    const tools = await ask({ model, messages, tools: [{}] });
    expect(tools.error).toMatchObject({ code: 'invalid-request', param: '#/tools' });
    const unknown = await ask({ model, messages, surprise: 1 });
    expect(unknown.error).toMatchObject({ code: 'invalid-request', param: '#/surprise' });
  });

  it('a runner tells where it serves, in an address with nothing secret; one without is not asked', async () => {
    const { harness } = await begin();
    const claim = async (serveUrl: string | undefined, id = randomUUID()) =>
      await harness.clients.runner.claimTask({
        body: {
          claimId: randomUUID(),
          runner: {
            id,
            name: 'r',
            engineVersion: 'none',
            device: {},
            ...(serveUrl === undefined ? {} : { serveUrl }),
          },
        },
      });
    for (const wrong of [
      'ftp://a',
      'http://user:pass@a',
      'http://a/path',
      'http://a?x=1',
      'file:///etc',
      'x',
    ]) {
      await expect(claim(wrong), wrong).rejects.toMatchObject({ problem: { status: 400 } });
    }
    const id = randomUUID();
    const served = async () =>
      (await harness.clients.admin.listRunners()).items.find((runner) => runner.id === id)?.serveUrl;
    await claim('http://10.0.0.7:8790', id);
    expect(await served()).toBe('http://10.0.0.7:8790');
    await claim(undefined, id);
    expect(await served()).toBeNull();
  });
}
