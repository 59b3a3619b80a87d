/** Conformance of what every route shares: problems, idempotency, ETag, limits, headers. */
import { describe, expect, it } from 'vitest';
import { MemoryLimiter } from '../../../edge/hosts/memory-limiter.ts';
import { principleVersions } from '../../../edge/store/schema/index.ts';
import { problem } from '../../../shared/api/problem.ts';
import { createHarness, type Harness, type OpenStore } from '../harness.ts';
import { KINDNESS } from './principles.ts';

const PATH = '/v1/principles/kind/versions';

export function protocolConformance(start: () => Promise<Harness>, open: OpenStore): void {
  async function post(harness: Harness, body: string, headers: Record<string, string> = {}, path = PATH) {
    return await harness.fetch(path, {
      method: 'POST',
      key: harness.secrets.client,
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async function readProblem(response: Response) {
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const document = problem.strict().parse(await response.json());
    expect(document.status).toBe(response.status);
    return document;
  }

  describe('problems', () => {
    const wrongBodies: [body: unknown, pointer: string][] = [
      [{}, '#/description'],
      [{ ...KINDNESS, affixPairs: [] }, '#/affixPairs'],
      [{ ...KINDNESS, extra: 1 }, '#/extra'],
      [{ ...KINDNESS, affixPairs: [{ positive: 'a', negative: 'b', 'x/y~z': 1 }] }, '#/affixPairs/0/x~1y~0z'],
      [
        { ...KINDNESS, affixPairs: [{ positive: '(kind)', negative: ' (kind) ' }] },
        '#/affixPairs/0/negative',
      ],
      [{ ...KINDNESS, description: 'a\0b' }, '#/description'],
      [{ ...KINDNESS, description: 'a\ud800' }, '#/description'],
      [[], '#'],
      [null, '#'],
    ];
    it('names the field of every wrong body and writes nothing', async () => {
      const harness = await start();
      for (const [body, pointer] of wrongBodies) {
        const response = await post(harness, JSON.stringify(body));
        expect(response.status, pointer).toBe(400);
        expect((await readProblem(response)).errors, pointer).toContainEqual(
          expect.objectContaining({ in: 'body', pointer }),
        );
      }
      expect(await harness.database.select().from(principleVersions)).toEqual([]);
    });

    it('refuses broken JSON, another media type, unknown and wrong query fields, and a wrong path', async () => {
      const harness = await start();
      expect(await readProblem(await post(harness, '{"a":'))).toMatchObject({
        status: 400,
        type: 'urn:rlcd:problem:malformed-json',
      });
      expect(await readProblem(await post(harness, '{}', { 'content-type': 'text/plain' }))).toMatchObject({
        status: 415,
      });
      for (const [query, pointer] of [
        ['unknown=1', 'unknown'],
        ['limit=0', 'limit'],
        ['limit=x', 'limit'],
        ['cursor=x', 'cursor'],
      ]) {
        const response = await harness.fetch(`/v1/principles?${query}`, { key: harness.secrets.client });
        expect(await readProblem(response)).toMatchObject({
          status: 400,
          errors: [{ in: 'query', pointer }],
        });
      }
      const wrongPath = await post(harness, JSON.stringify(KINDNESS), {}, '/v1/principles/UPPER/versions');
      expect(await readProblem(wrongPath)).toMatchObject({
        status: 400,
        errors: [{ in: 'path', pointer: 'principleName' }],
      });
    });

    it('refuses a body that is not UTF-8, by that name, and writes nothing', async () => {
      const harness = await start();
      const bytes = Buffer.from(JSON.stringify({ ...KINDNESS, description: 'caf\u00e9' }), 'latin1');
      for (const body of [bytes, new Blob([bytes]).stream()]) {
        const response = await harness.fetch(PATH, {
          method: 'POST',
          key: harness.secrets.client,
          headers: { 'content-type': 'application/json' },
          body,
          duplex: 'half',
        });
        expect(await readProblem(response)).toMatchObject({
          status: 400,
          detail: expect.stringMatching(/not UTF-8/) as string,
        });
      }
      expect(await harness.database.select().from(principleVersions)).toEqual([]);
    });

    it('answers 404 for an unknown path and 405 with Allow for a wrong method', async () => {
      const harness = await start();
      expect(await readProblem(await harness.fetch('/v1/nothing'))).toMatchObject({ status: 404 });
      const response = await harness.fetch(PATH, { method: 'DELETE', key: harness.secrets.client });
      expect(response.headers.get('allow')).toBe('POST, GET, HEAD');
      expect(await readProblem(response)).toMatchObject({ status: 405 });
    });

    it('answers 405 with Allow on files and pages, too, and HEAD as GET without a body', async () => {
      const { fetch, secrets } = await start();
      for (const path of ['/reference', '/openapi.json', '/reference.css']) {
        const refused = await fetch(path, { method: 'POST' });
        expect([refused.status, refused.headers.get('allow')], path).toEqual([405, 'GET, HEAD']);
        const [head, get] = [await fetch(path, { method: 'HEAD' }), await fetch(path)];
        expect([head.status, await head.text()]).toEqual([200, '']);
        expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
      }
      const { admin: key } = secrets;
      for (const path of ['/v1/principles', '/v1/keys', '/v1/health', '/v1/events', '/v1/nothing']) {
        const [head, get] = [await fetch(path, { method: 'HEAD', key }), await fetch(path, { key })];
        expect([head.status, await head.text()], path).toEqual([get.status, '']);
        expect(Object.fromEntries(head.headers), path).toEqual(Object.fromEntries(get.headers));
        await get.body?.cancel();
      }
      const upload = await fetch('/v1/score', { method: 'HEAD', key });
      expect([upload.status, upload.headers.get('allow')]).toEqual([405, 'POST']);
    });

    it('answers the icon that browsers ask for, and 404 for a path that nothing takes, beside the dashboard', async () => {
      const files: Readonly<Record<string, string>> = { '/icon.svg': '<svg/>', '/index.html': '<html>' };
      const { fetch } = await createHarness(async () => ({
        ...(await open()),
        dashboard: async (path: string) => new Response(files[path]).body ?? undefined,
      }));
      for (const path of ['/favicon.ico', '/icon.svg']) {
        const icon = await fetch(path);
        expect([icon.status, icon.headers.get('content-type')], path).toEqual([200, 'image/svg+xml']);
        expect(await icon.text()).toBe('<svg/>');
        expect((await fetch(path, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
      }
      for (const path of ['/robots.txt', '/apple-touch-icon.png', '/no/such/path']) {
        for (const method of ['GET', 'HEAD', 'POST'])
          expect((await fetch(path, { method })).status).toBe(404);
        expect(await readProblem(await fetch(path))).toMatchObject({ status: 404 });
        const page = await fetch(path, { headers: { accept: 'text/html' } });
        expect([page.status, await page.text()], path).toEqual([404, '<html>']);
      }
    });

    it('refuses a body over the limit whether its length is told or not', async () => {
      const harness = await start();
      const huge = JSON.stringify({ ...KINDNESS, description: 'x'.repeat(1024 * 1024) });
      expect(await readProblem(await post(harness, huge))).toMatchObject({ status: 413 });
      const chunked = await harness.fetch(PATH, {
        method: 'POST',
        key: harness.secrets.client,
        headers: { 'content-type': 'application/json' },
        body: new Blob([huge]).stream(),
        duplex: 'half',
      });
      expect(await readProblem(chunked)).toMatchObject({ status: 413 });
    });
  });

  it('refuses a body of very many values by their count, before it looks at one', async () => {
    const harness = await start();
    const texts = `{"principle":"kind","texts":[${'{},'.repeat(2_700_000)}{}]}`;
    const refused = await readProblem(await post(harness, texts, {}, '/v1/score'));
    expect(refused).toMatchObject({
      status: 400,
      errors: [{ pointer: '#', detail: expect.stringMatching(/^holds 5400005 values/) as string }],
    });
    const some = JSON.stringify({ principle: 'kind', texts: Array.from({ length: 100 }, () => ({})) });
    expect(await readProblem(await post(harness, some, {}, '/v1/score'))).toMatchObject({
      status: 400,
      errors: [{ pointer: '#/texts', detail: 'has 100 entries, and may have 64' }],
    });
  });

  it('makes every version that is asked for at once: who loses the race for a number waits', async () => {
    const harness = await start();
    const answers = await Promise.all(
      Array.from({ length: 120 }, async () => await post(harness, JSON.stringify(KINDNESS))),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    const numbers = (await harness.database.select().from(principleVersions)).map(({ number }) => number);
    expect(statuses).toEqual(new Set([201]));
    expect(new Set(numbers)).toEqual(new Set(Array.from({ length: 120 }, (_, index) => index + 1)));
  });

  describe('idempotency', () => {
    it('has one effect and one answer, also for requests at the same time', async () => {
      const harness = await start();
      const send = async () =>
        await post(harness, JSON.stringify(KINDNESS), { 'idempotency-key': 'create-1' });
      const answers = await Promise.all(Array.from({ length: 8 }, send));
      const bodies = await Promise.all(answers.map(async (answer) => await answer.text()));
      expect(new Set(bodies).size).toBe(1);
      expect(answers.every(({ status }) => status === 201)).toBe(true);
      expect(answers.filter(({ headers }) => headers.has('idempotency-replayed'))).toHaveLength(7);
      expect(await harness.database.select().from(principleVersions)).toHaveLength(1);
    });

    it('refuses the key for another request, and keeps the keys of callers apart', async () => {
      const harness = await start();
      const headers = { 'idempotency-key': 'create-1' };
      await post(harness, JSON.stringify(KINDNESS), headers);
      const other = await post(harness, JSON.stringify({ ...KINDNESS, description: 'other' }), headers);
      expect(await readProblem(other)).toMatchObject({ status: 422 });
      const stranger = await harness.fetch(PATH, {
        method: 'POST',
        key: harness.secrets.admin,
        body: JSON.stringify({ ...KINDNESS, description: 'other' }),
        headers: { 'content-type': 'application/json', ...headers },
      });
      expect(stranger.status).toBe(201);
      expect(await harness.database.select().from(principleVersions)).toHaveLength(2);
    });
  });

  it('answers a read with an ETag and 304 while nothing changed', async () => {
    const harness = await start();
    await post(harness, JSON.stringify(KINDNESS));
    const read = async (etag?: string) =>
      await harness.fetch(`${PATH}/1`, {
        key: harness.secrets.client,
        headers: etag === undefined ? {} : { 'if-none-match': etag },
      });
    const etag = (await read()).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const same = await read(`"other", W/${etag}`);
    expect([same.status, await same.text()]).toEqual([304, '']);
    await harness.clients.client.movePrincipleLabel({
      parameters: { principleName: 'kind', principleLabel: 'production' },
      body: { version: 1 },
    });
    expect((await read(etag)).status).toBe(200);
  });

  it('limits each key by itself, and strangers by address', async () => {
    let now = 0;
    const harness = await createHarness(open, new MemoryLimiter(() => now, { key: 3, address: 2 }));
    const status = async (key: string) => (await harness.fetch('/v1/principles', { key })).status;
    const statuses = async (key: string, count: number) => {
      const seen: number[] = [];
      for (let request = 0; request < count; request++) seen.push(await status(key));
      return seen;
    };
    expect(await statuses(harness.secrets.client, 4)).toEqual([200, 200, 200, 429]);
    expect(await statuses(harness.secrets.admin, 1)).toEqual([200]);
    expect(await statuses('wrong', 3)).toEqual([401, 401, 429]);
    expect((await harness.fetch('/v1/health')).status).toBe(200);
    const limited = await harness.fetch('/v1/principles', { key: harness.secrets.client });
    expect(limited.headers.get('retry-after')).toBe('60');
    expect(await readProblem(limited)).toMatchObject({ status: 429 });
    now += 60_000;
    expect(await statuses(harness.secrets.client, 1)).toEqual([200]);
  });

  it('sends the security headers with answers, problems and pages', async () => {
    const harness = await start();
    for (const path of ['/v1/health', '/v1/nothing', '/reference']) {
      const { headers } = await harness.fetch(path);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('x-frame-options'), path).toBe('DENY');
    }
  });
}
