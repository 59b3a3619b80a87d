/** Conformance of sessions: what a cookie opens, from which pages, and what ends it. */
import { expect, it } from 'vitest';
import { sessions } from '../../../edge/store/schema/index.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import { SESSION_HEADER } from '../../../shared/api/sessions.ts';
import { BOOTSTRAP_KEY, ORIGIN, type Harness } from '../harness.ts';
import { KINDNESS } from './principles.ts';

const HALF_A_DAY = 12 * 3600 * 1000;
/** As a browser sends it from a page of the edge. */
const OWN = { [SESSION_HEADER]: '1', origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

export function sessionsConformance(start: () => Promise<Harness>): void {
  async function begin(key?: string) {
    const harness = await start();
    const signIn = async (secret: string, headers: Record<string, string> = OWN) =>
      await harness.fetch('/v1/session', { method: 'POST', key: secret, headers });
    const made = await signIn(key ?? harness.secrets.client);
    expect(made.status).toBe(201);
    const setCookie = made.headers.get('set-cookie') ?? '';
    const [cookie = ''] = setCookie.split(';');
    const ask = async (path = '/v1/key', init: RequestInit = {}, headers: Record<string, string> = OWN) =>
      await harness.fetch(path, { ...init, headers: { ...headers, cookie } });
    return { harness, signIn, setCookie, cookie, ask };
  }
  const id = async (response: Response) => ((await response.json()) as { id: string }).id;

  it('take the place of the key, by a cookie that scripts and other sites do not get, and keep no secret', async () => {
    const { harness, signIn, setCookie, cookie, ask } = await begin();
    expect(setCookie).toMatch(
      /^rlcd_session=[0-9a-f-]{36}_[\w-]{43}; Path=\/v1; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    const secure = await signIn(harness.secrets.client, { ...OWN, origin: ORIGIN.replace('http', 'https') });
    expect(secure.headers.get('set-cookie')).toMatch(/; Secure$/);
    const own = await harness.clients.client.getOwnKey();
    const answer = await ask();
    expect([answer.status, await id(answer)]).toEqual([200, own.id]);
    const kept = JSON.stringify(await harness.database.select().from(sessions));
    // An underscore may stand in it as well.
    for (const secret of [cookie.slice(-43), harness.secrets.client]) expect(kept).not.toContain(secret);
    expect((await ask('/v1/keys')).status).toBe(403);
    // Nor does it live on by itself.
    expect((await ask('/v1/session', { method: 'POST' })).status).toBe(400);
    expect((await signIn(harness.secrets.runner)).status).toBe(403);
  });

  it('of two edges on one machine live beside each other: a cookie knows no port', async () => {
    const { ask, harness } = await begin();
    const other = await harness.fetch(':8899/v1/session', {
      method: 'POST',
      key: harness.secrets.client,
      headers: { ...OWN, origin: `${ORIGIN}:8899` },
    });
    const [name] = (other.headers.get('set-cookie') ?? '').split('=');
    expect(name).toBe('rlcd_session_8899');
    expect((await ask()).status).toBe(200);
  });

  it('are worth nothing to a page that is not of the edge, nor without the header', async () => {
    const { harness, signIn, ask } = await begin();
    const body = JSON.stringify(KINDNESS);
    const write = { method: 'POST', body };
    const json = { 'content-type': 'application/json' };
    const foreign: Record<string, string>[] = [
      {},
      { origin: ORIGIN },
      { 'sec-fetch-site': 'same-origin', origin: ORIGIN },
      { ...OWN, 'sec-fetch-site': 'cross-site' },
      { ...OWN, 'sec-fetch-site': 'same-site' },
      { ...OWN, 'sec-fetch-site': 'none' },
      { [SESSION_HEADER]: '1', origin: 'http://evil.test' },
      { [SESSION_HEADER]: '1', origin: 'null' },
      { [SESSION_HEADER]: '1' },
    ];
    for (const headers of foreign) {
      const answer = await ask('/v1/principles/forged/versions', write, { ...headers, ...json });
      expect(answer.status, JSON.stringify(headers)).toBe(401);
      expect((await signIn(harness.secrets.client, headers)).status).toBe(400);
    }
    expect((await harness.clients.client.listPrinciples()).items).toEqual([]);
    const made = await ask('/v1/principles/own/versions', write, { ...OWN, ...json });
    expect(made.status).toBe(201);
    const { createdBy } = (await made.json()) as { createdBy: { id: string } };
    expect(createdBy.id).toBe((await harness.clients.client.getOwnKey()).id);
    // An old browser, or one on plain HTTP, tells neither on a read.
    expect((await ask('/v1/key', {}, { [SESSION_HEADER]: '1' })).status).toBe(200);
  });

  it('end when one signs out, also for a copy of the cookie and for live events', async () => {
    const { harness, ask } = await begin();
    const events = await ask('/v1/events');
    expect(events.status).toBe(200);
    const over = await ask('/v1/session', { method: 'DELETE' });
    expect([over.status, over.headers.get('set-cookie')]).toEqual([
      204,
      'rlcd_session=; Path=/v1; HttpOnly; SameSite=Strict; Max-Age=0',
    ]);
    harness.advance(1000);
    // Reads to the end: a stream that went on would never give it.
    await events.text();
    expect((await ask()).status).toBe(401);
    expect(await harness.database.select().from(sessions)).toEqual([]);
    const byKey = await harness.fetch('/v1/session', { method: 'DELETE', key: harness.secrets.client });
    expect(byKey.status).toBe(404);
  });

  it('end with their key, and by themselves after 12 hours', async () => {
    const { harness, ask } = await begin();
    const { client, admin } = harness.clients;
    const { id: keyId } = await client.getOwnKey();
    await admin.rotateKey({ parameters: { keyId } });
    expect((await ask()).status).toBe(401);
    const revoked = await begin();
    const own = await revoked.harness.clients.client.getOwnKey();
    await revoked.harness.clients.admin.revokeKey({ parameters: { keyId: own.id } });
    expect((await revoked.ask()).status).toBe(401);
    const late = await begin(BOOTSTRAP_KEY);
    late.harness.advance(HALF_A_DAY - 1);
    expect(await id(await late.ask())).toBe('bootstrap');
    late.harness.advance(1);
    expect((await late.ask()).status).toBe(401);
    await sweepStore(late.harness, late.harness.dependencies.clock());
    expect(await late.harness.database.select().from(sessions)).toEqual([]);
  });

  it('cannot be guessed or changed', async () => {
    const { harness, cookie } = await begin();
    const others = [
      cookie.slice(0, -1),
      `${cookie}x`,
      cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ];
    for (const other of [...others, 'rlcd_session=', 'rlcd_session=x; rlcd_session=y']) {
      const answer = await harness.fetch('/v1/key', { headers: { ...OWN, cookie: other } });
      expect(answer.status, other).toBe(401);
    }
    const beside = await harness.fetch('/v1/key', { headers: { ...OWN, cookie: `a=b; ${cookie}; c=d` } });
    expect(beside.status).toBe(200);
    // A key that is refused is not made good by a cookie.
    const refused = await harness.fetch('/v1/key', { headers: { ...OWN, cookie }, key: 'wrong' });
    expect(refused.status).toBe(401);
  });
}
