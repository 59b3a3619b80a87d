/** API keys. */
import type { keyEndpoints } from '../../shared/api/keys.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { createSecret } from '../http/keys.ts';
import { conflict, invalidRequest, notFound } from '../domain/errors.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findKey, hasAdministrator, insertKey, listKeys, replaceSecret, revokeKey } from '../store/keys.ts';
import type { KnownKeys } from '../store/known-keys.ts';

export function keyHandlers(
  { database, bootstrapKey }: Dependencies,
  keys: KnownKeys,
): Handlers<typeof keyEndpoints> {
  return {
    async getOwnKey(_, { principal }) {
      return { body: { id: principal.keyId, scopes: [...principal.scopes] } };
    },
    async createKey({ body }, { now, principal }) {
      const { name, scopes, expiresAt = null, requestsPerMinute = null, openStreams = null } = body;
      const { storedBytes = null, experimentsUnderWay = null } = body;
      const quotas = { requestsPerMinute, openStreams, storedBytes, experimentsUnderWay };
      if (expiresAt !== null && expiresAt <= now) {
        const detail = `is past: it is ${now} now (${new Date(now).toISOString()})`;
        throw invalidRequest([{ in: 'body', pointer: '#/expiresAt', detail }]);
      }
      const id = createIdentifier(now);
      const { secret, secretSha256 } = createSecret(id);
      const times = { createdAt: now, revokedAt: null, expiresAt, lastUsedAt: null };
      const key = { id, name, scopes, ...times, createdBy: principal.keyId, ...quotas };
      return {
        body: { ...key, secret },
        bodyWhenRepeated: { ...key, secret: null },
        writes: [insertKey(database, { ...key, secretSha256 })],
      };
    },
    async listKeys({ query }) {
      return { body: await listKeys(database, query) };
    },
    async rotateKey({ parameters }) {
      const { keyId } = parameters;
      const found = await findKey(database, keyId);
      if (!found) throw notFound(`key ${keyId}`);
      if (found.revokedAt !== null) throw conflict(`Key ${keyId} is revoked for ever; make another`);
      const { secret, secretSha256 } = createSecret(keyId);
      keys.change(keyId);
      return {
        body: { ...found, secret },
        bodyWhenRepeated: { ...found, secret: null },
        writes: [replaceSecret(database, keyId, secretSha256)],
      };
    },
    async revokeKey({ parameters }, { now }) {
      const key = await findKey(database, parameters.keyId);
      if (!key) throw notFound(`key ${parameters.keyId}`);
      const { id, scopes } = key;
      const mayBeLast = scopes.includes('admin') && keys.isLive(key) && bootstrapKey === undefined;
      if (mayBeLast && !(await hasAdministrator(database, id))) {
        throw conflict(
          `Key ${id} is the last administrator's, and nobody could make keys any more: make another first`,
        );
      }
      keys.change(key.id);
      return { writes: [revokeKey(database, key.id, now, { keepsAdministrator: mayBeLast })] };
    },
  };
}
