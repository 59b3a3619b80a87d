/** `npm run serve`: the edge on plain Node, for people without Cloudflare and for local runs. */
import { serve } from '@hono/node-server';
import { createApp } from './app.ts';
import type { Dependencies } from './dependencies.ts';
import { readBootstrapKey } from './hosts/bootstrap-key.ts';
import { openNodeHost } from './hosts/node.ts';
import { createSecret } from './http/keys.ts';
import { commit } from './store/database.ts';
import { createIdentifier } from './store/identifier.ts';
import { insertKey, listKeys } from './store/keys.ts';

/** A new store gets one administrator's key, printed this once. */
async function createFirstKey({ database, bootstrapKey }: Dependencies): Promise<void> {
  const { items } = await listKeys(database, { limit: 1 });
  if (items.length > 0 || bootstrapKey !== undefined) return;
  const now = Date.now();
  const id = createIdentifier(now);
  const { secret, secretSha256 } = createSecret(id);
  const key = {
    id,
    name: 'first administrator',
    secretSha256,
    scopes: ['admin' as const],
    createdAt: now,
    revokedAt: null,
  };
  await commit(database, [insertKey(database, key)]);
  console.log(`Administrator's key (shown only now): ${secret}`);
}

const directory = process.env['RLCD_DATA'] ?? '.rlcd';
const host = openNodeHost(directory, readBootstrapKey(process.env['RLCD_ADMIN_KEY']));
await createFirstKey(host.dependencies);
const server = serve(
  {
    fetch: createApp(host.dependencies).fetch,
    port: Number(process.env['PORT'] ?? 8787),
    hostname: process.env['HOST'] ?? '127.0.0.1',
  },
  ({ address, port }) =>
    console.log(`RLCD edge on http://${address}:${port} (API: /reference, data: ${directory})`),
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => host.close());
  });
}
