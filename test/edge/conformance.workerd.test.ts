/** The conformance suite inside workerd, on D1 and R2; and the Worker's own entry. */
import { applyD1Migrations, reset } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { BucketBlobs } from '../../edge/hosts/bucket-blobs.ts';
import scoringKernel from '../../edge/scoring/kernel.wasm';
import { openDatabase } from '../../edge/store/database.ts';
import { createClient } from '../../shared/api/client.ts';
import { conformance } from './conformance/index.ts';
import { ORIGIN, type TestStore } from './harness.ts';

async function openWorkerStore(): Promise<TestStore> {
  await reset();
  await applyD1Migrations(env.DATABASE, env.MIGRATIONS);
  return { database: openDatabase(env.DATABASE), blobs: new BucketBlobs(env.BLOBS), scoringKernel };
}

describe('conformance in workerd', () => {
  conformance(openWorkerStore);
});

describe("the Worker's entry", () => {
  it('serves with the bindings of wrangler.toml and the key of its environment', async () => {
    await openWorkerStore();
    const client = createClient({
      baseUrl: ORIGIN,
      key: env.RLCD_ADMIN_KEY ?? '',
      fetch: async (request) => await exports.default.fetch(request),
    });
    expect(await client.getHealth()).toEqual({ status: 'ok' });
    expect((await client.listKeys()).items).toEqual([]);
  });

  it('has the dashboard and its icon among its files', async () => {
    for (const [path, mediaType] of [
      ['/', 'text/html; charset=utf-8'],
      ['/favicon.ico', 'image/svg+xml'],
    ]) {
      const response = await exports.default.fetch(new Request(`${ORIGIN}${path}`));
      expect([response.status, response.headers.get('content-type')], path).toEqual([200, mediaType]);
      await response.body?.cancel();
    }
  });
});
