/** Conformance of keys: made once, stored hashed, refused when wrong or revoked. */
import { expect, it } from 'vitest';
import { MemoryLimiter } from '../../../edge/hosts/memory-limiter.ts';
import { apiKeys, idempotencyRecords } from '../../../edge/store/schema/index.ts';
import { BOOTSTRAP_KEY, createHarness, type Harness, type OpenStore } from '../harness.ts';

export function keysConformance(start: () => Promise<Harness>, open: OpenStore): void {
  it('makes a key that works until it is revoked, and stores its secret nowhere', async () => {
    const harness = await start();
    const { admin } = harness.clients;
    const key = await admin.createKey({ body: { name: 'laptop', scopes: ['client'] } });
    const secret = key.secret ?? '';
    expect(Buffer.from(secret.slice(-43), 'base64url')).toHaveLength(32);
    const status = async () => (await harness.fetch('/v1/principles', { key: secret })).status;
    expect(await status()).toBe(200);
    const stored = [
      ...(await harness.database.select().from(apiKeys)),
      ...(await harness.database.select().from(idempotencyRecords)),
    ];
    expect(JSON.stringify(stored)).toContain(key.id);
    expect(JSON.stringify(stored)).not.toContain(secret.slice(-43));
    await admin.revokeKey({ parameters: { keyId: key.id } });
    expect(await status()).toBe(401);
    const listed = (await admin.listKeys()).items.find(({ id }) => id === key.id);
    expect(listed).toMatchObject({ name: 'laptop', scopes: ['client'] });
    expect(listed?.revokedAt).toBeTypeOf('number');
  });

  it('ends the live events of a key that is revoked or rotated', async () => {
    const { clients, fetch } = await start();
    for (const end of ['revokeKey', 'rotateKey'] as const) {
      const { id, secret } = await clients.admin.createKey({
        body: { name: 'follower', scopes: ['client'] },
      });
      const response = await fetch('/v1/events', { key: secret ?? '' });
      await clients.admin[end]({ parameters: { keyId: id } });
      // Reads to the end: a stream that went on would never give it.
      expect(await response.text()).toBe('retry: 1000\n\n');
    }
  });

  it('ends a key at its time, its live events with it, and takes no time that is past', async () => {
    const { clients, fetch, advance, dependencies } = await start();
    const expiresAt = dependencies.clock() + 60_000;
    const body = { name: 'guest', scopes: ['client' as const], expiresAt };
    const key = await clients.admin.createKey({ body });
    expect(key.expiresAt).toBe(expiresAt);
    const status = async () => (await fetch('/v1/principles', { key: key.secret ?? '' })).status;
    advance(59_999);
    expect(await status()).toBe(200);
    const events = await fetch('/v1/events', { key: key.secret ?? '' });
    advance(1);
    expect(await status()).toBe(401);
    expect(await events.text()).toBe('retry: 1000\n\n');
    await expect(clients.admin.createKey({ body })).rejects.toMatchObject({
      problem: { status: 400, errors: [{ pointer: '#/expiresAt' }] },
    });
  });

  it('tells when a key was last used, written once a minute at the most', async () => {
    const harness = await start();
    const { clients, advance, dependencies } = harness;
    const { id, secret, lastUsedAt } = await clients.admin.createKey({
      body: { name: 'laptop', scopes: ['client'] },
    });
    expect(lastUsedAt).toBeNull();
    const begin = dependencies.clock();
    const use = async () => {
      await harness.fetch('/v1/principles', { key: secret ?? '' });
      return (await clients.admin.listKeys()).items.find((key) => key.id === id)?.lastUsedAt;
    };
    expect(await use()).toBe(begin);
    advance(59_000);
    expect(await use()).toBe(begin);
    advance(1000);
    expect(await use()).toBe(begin + 60_000);
  });

  it('tells who made a key', async () => {
    const { clients, fetch } = await start();
    const own = (await (await fetch('/v1/key', { key: BOOTSTRAP_KEY })).json()) as { id: string };
    const made = await fetch('/v1/keys', {
      key: BOOTSTRAP_KEY,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'laptop', scopes: ['client'] }),
    });
    expect(await made.json()).toMatchObject({ createdBy: own.id });
    expect((await clients.admin.listKeys()).items.map(({ createdBy }) => createdBy)).toContain('bootstrap');
  });

  it('holds a key to its own requests a minute, and no other key', async () => {
    let now = 0;
    const harness = await createHarness(open, new MemoryLimiter(() => now));
    const { secret } = await harness.clients.admin.createKey({
      body: { name: 'slow', scopes: ['client'], requestsPerMinute: 2 },
    });
    const ask = async (key: string | null) => await harness.fetch('/v1/principles', { key: key ?? '' });
    expect([(await ask(secret)).status, (await ask(secret)).status]).toEqual([200, 200]);
    now = 20_000;
    const refused = await ask(secret);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
    expect((await ask(harness.secrets.client)).status).toBe(200);
    now = 60_000;
    expect((await ask(secret)).status).toBe(200);
  });

  it('tells every key who it is, and a stranger nothing', async () => {
    const { clients, fetch } = await start();
    const key = await clients.admin.createKey({ body: { name: 'laptop', scopes: ['runner', 'client'] } });
    const own = await fetch('/v1/key', { key: key.secret ?? '' });
    expect(await own.json()).toEqual({ id: key.id, scopes: ['runner', 'client'] });
    expect(await (await fetch('/v1/key', { key: BOOTSTRAP_KEY })).json()).toMatchObject({ id: 'bootstrap' });
    expect((await fetch('/v1/key', { key: 'x' })).status).toBe(401);
  });

  it('shows a secret once: a repeated request gets the key without it', async () => {
    const { admin } = (await start()).clients;
    const input = { body: { name: 'laptop', scopes: ['client' as const] } };
    const first = await admin.createKey(input, { idempotencyKey: 'once' });
    const again = await admin.createKey(input, { idempotencyKey: 'once' });
    expect(again).toEqual({ ...first, secret: null });
  });

  it('rotates a key: the old secret ends, the id stays, and a revoked key stays revoked', async () => {
    const { clients, fetch } = await start();
    const key = await clients.admin.createKey({ body: { name: 'laptop', scopes: ['client'] } });
    const parameters = { keyId: key.id };
    const rotated = await clients.admin.rotateKey({ parameters }, { idempotencyKey: 'rotate' });
    expect(rotated).toEqual({ ...key, secret: rotated.secret });
    const status = async (secret: string | null) =>
      (await fetch('/v1/principles', { key: secret ?? '' })).status;
    expect([await status(key.secret), await status(rotated.secret)]).toEqual([401, 200]);
    const again = await clients.admin.rotateKey({ parameters }, { idempotencyKey: 'rotate' });
    expect([again.secret, await status(rotated.secret)]).toEqual([null, 200]);
    await clients.admin.revokeKey({ parameters });
    await expect(clients.admin.rotateKey({ parameters })).rejects.toMatchObject({ problem: { status: 409 } });
    expect(await status(rotated.secret)).toBe(401);
  });

  it('takes the bootstrap key and refuses every near miss', async () => {
    const { fetch, secrets } = await start();
    const status = async (key: string) => (await fetch('/v1/keys', { key })).status;
    expect(await status(BOOTSTRAP_KEY)).toBe(200);
    expect(await status(secrets.admin)).toBe(200);
    const flipped = secrets.admin.slice(0, -1) + (secrets.admin.endsWith('A') ? 'B' : 'A');
    const otherId = secrets.admin.replace(/_[^_]{36}_/, '_019ab0e7-6c00-7000-8000-000000000000_');
    for (const key of [`${BOOTSTRAP_KEY}x`, BOOTSTRAP_KEY.slice(1), flipped, otherId, 'rlcd__', 'x']) {
      expect(await status(key), key).toBe(401);
    }
  });
}
