/** Lets a request pass: rate limit, key and scope, in that order of what a stranger can cost the edge. */
import type { Context } from 'hono';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import type { Dependencies } from './dependencies.ts';
import type { KeyRing, Principal } from './keys.ts';
import { isOwnPage } from './own-page.ts';
import { ProblemError } from './problem.ts';
import { NO_QUOTAS } from '../store/quotas.ts';
import type { Sessions } from './sessions.ts';

/** By what a request may say who sends it. */
export interface Admission {
  readonly keys: KeyRing;
  readonly sessions: Sessions;
}

const ANYONE: Principal = {
  keyId: 'anyone',
  name: 'anyone',
  scopes: [],
  quotas: NO_QUOTAS,
  secretSha256: '',
};

/** @returns who sends a request; throws ProblemError 401, 403 or 429 where it may not pass */
export function guard(
  endpoint: Endpoint,
  dependencies: Dependencies,
  { keys, sessions }: Admission,
): (context: Context) => Promise<Principal> {
  async function take(kind: 'key' | 'address', name: string, limit?: number): Promise<void> {
    const seconds = await dependencies.limiter.take(kind, name, limit);
    if (seconds === undefined) return;
    throw new ProblemError('too-many-requests', `Wait ${seconds} s, then go on more slowly`, {
      headers: { 'retry-after': String(seconds) },
    });
  }

  /** A key where there is one; else a session, which is worth nothing but on the edge's own pages. */
  async function identify({ req }: Context): Promise<Principal | undefined> {
    const header = req.header('authorization');
    if (header !== undefined) return await keys.identify(header);
    const { method, url } = req;
    if (!isOwnPage({ method, url, header: (name) => req.header(name) })) return undefined;
    return await sessions.identify(url, req.header('cookie'));
  }

  return async (context) => {
    const principal = endpoint.scopes.length === 0 ? ANYONE : await identify(context);
    // Health is for anyone at any time: who watches the edge must not read the limit of strangers as its end.
    if (!principal) await take('address', dependencies.clientAddress(context));
    else if (principal !== ANYONE)
      await take('key', principal.keyId, principal.quotas.requestsPerMinute ?? undefined);
    if (!principal) {
      throw new ProblemError(
        'unauthorized',
        'Send `Authorization: Bearer <key>` with a key that is neither revoked nor past its time',
        {
          headers: { 'www-authenticate': 'Bearer' },
        },
      );
    }
    if (endpoint.scopes.length > 0 && !endpoint.scopes.some((scope) => principal.scopes.includes(scope))) {
      throw new ProblemError(
        'forbidden',
        `This takes a key with the scope ${endpoint.scopes.join(' or ')}; yours has ${principal.scopes.join(', ')}`,
      );
    }
    return principal;
  };
}
