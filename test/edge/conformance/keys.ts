/** Conformance of keys: made once, stored hashed, refused when wrong or revoked. */
import { expect, it } from 'vitest';
import { apiKeys, idempotencyRecords } from '../../../edge/store/schema/index.ts';
import { BOOTSTRAP_KEY, type Harness } from '../harness.ts';

export function keysConformance(start: () => Promise<Harness>): void {
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
