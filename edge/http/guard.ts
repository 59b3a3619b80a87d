/** Lets a request pass: rate limit, key and scope, in that order of what a stranger can cost the edge. */
import type { Context } from 'hono';
import type { Endpoint } from '../../shared/api/endpoint.ts';
import type { Dependencies } from './dependencies.ts';
import { identify, sha256, type Principal } from './keys.ts';
import { ProblemError } from './problem.ts';
import { NO_QUOTAS } from '../store/quotas.ts';
import type { KnownKeys } from '../store/known-keys.ts';

const ANYONE: Principal = { keyId: 'anyone', name: 'anyone', scopes: [], quotas: NO_QUOTAS };

/** @returns who sends a request; throws ProblemError 401, 403 or 429 where it may not pass */
export function guard(
  endpoint: Endpoint,
  dependencies: Dependencies,
  keys: KnownKeys,
): (context: Context) => Promise<Principal> {
  const { bootstrapKey } = dependencies;
  const bootstrapSha256 = bootstrapKey === undefined ? undefined : sha256(bootstrapKey);
  async function take(kind: 'key' | 'address', name: string, limit?: number): Promise<void> {
    const seconds = await dependencies.limiter.take(kind, name, limit);
    if (seconds === undefined) return;
    throw new ProblemError('too-many-requests', `Wait ${seconds} s, then go on more slowly`, {
      headers: { 'retry-after': String(seconds) },
    });
  }

  return async (context) => {
    const principal =
      endpoint.scopes.length === 0
        ? ANYONE
        : await identify(context.req.header('authorization'), keys, bootstrapSha256);
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
