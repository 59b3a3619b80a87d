/** One application over one empty store, with a key of each scope: what every edge test starts from. */
import { createApp } from '../../edge/app.ts';
import type { Dependencies, RateLimiter } from '../../edge/http/dependencies.ts';
import { createSecret } from '../../edge/http/keys.ts';
import { commit } from '../../edge/store/database.ts';
import { createIdentifier } from '../../edge/store/identifier.ts';
import { insertKey } from '../../edge/store/keys.ts';
import { createClient, type Client } from '../../shared/api/client.ts';
import { SCOPES, type Scope } from '../../shared/api/words.ts';
import { toldRefusal } from './told-refusals.ts';

/** What a runtime provides; the harness provides the rest. */
export interface TestStore {
  readonly database: Dependencies['database'];
  readonly blobs: Dependencies['blobs'];
  readonly scoringKernel: Dependencies['scoringKernel'];
  readonly launch?: Dependencies['launch'];
  readonly freeBytes?: Dependencies['freeBytes'];
  readonly dashboard?: Dependencies['dashboard'];
}

/** Opens an empty store with every migration applied. */
export type OpenStore = () => Promise<TestStore>;

export interface Harness extends TestStore {
  readonly dependencies: Dependencies;
  readonly secrets: Readonly<Record<Scope, string>>;
  readonly clients: Readonly<Record<Scope, Client>>;
  /** Sends a request as it is: for what the typed client cannot say. */
  readonly fetch: (path: string, init?: RequestInit & { key?: string; duplex?: 'half' }) => Promise<Response>;
  /** Moves the injected clock, which never moves by itself. */
  readonly advance: (milliseconds: number) => void;
}

export const ORIGIN = 'http://edge.test';
export const BOOTSTRAP_KEY = 'bootstrap-key-of-the-tests-0123456789abcdef';
const START = Date.UTC(2026, 10, 23);

const UNLIMITED: RateLimiter = { take: async () => undefined };

export async function createHarness(open: OpenStore, limiter: RateLimiter = UNLIMITED): Promise<Harness> {
  const store = await open();
  let now = START;
  const dependencies: Dependencies = {
    ...store,
    clock: () => now,
    limiter,
    bootstrapKey: BOOTSTRAP_KEY,
    clientAddress: () => '192.0.2.1',
  };
  const app = createApp(dependencies);
  const send = async (request: Request) => await toldRefusal(request, await app.fetch(request));
  const entries = SCOPES.map((scope) => {
    const id = createIdentifier(now);
    const { secret, secretSha256 } = createSecret(id);
    return { scope, id, secret, secretSha256 };
  });
  await commit(
    store.database,
    entries.map(({ scope, id, secretSha256 }) =>
      insertKey(store.database, {
        id,
        name: `${scope} of the tests`,
        secretSha256,
        scopes: [scope],
        createdAt: now,
        revokedAt: null,
      }),
    ),
  );
  const byScope = <T>(make: (secret: string) => T) =>
    Object.fromEntries(entries.map(({ scope, secret }) => [scope, make(secret)])) as Record<Scope, T>;
  return {
    ...store,
    dependencies,
    secrets: byScope((secret) => secret),
    clients: byScope((key) => createClient({ baseUrl: ORIGIN, key, fetch: send })),
    async fetch(path, { key, ...init } = {}) {
      const request = new Request(`${ORIGIN}${path}`, init);
      if (key !== undefined) request.headers.set('authorization', `Bearer ${key}`);
      return await send(request);
    },
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}
