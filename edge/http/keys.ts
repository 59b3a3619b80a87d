/** API keys: how one is made, how it is read from a request, and how it is compared. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Scope } from '../../shared/api/words.ts';
import { NO_QUOTAS, type Quotas } from '../store/quotas.ts';
import type { KnownKeys } from '../store/known-keys.ts';

/** Who speaks. */
export interface Principal {
  readonly keyId: string;
  /** What people call the key. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly quotas: Quotas;
}

/** The bootstrap key has no row; its idempotency records lie under this name. */
export const BOOTSTRAP_KEY_ID = 'bootstrap';
const SECRET_BYTES = 32;
const FORM = /^rlcd_([0-9a-f-]{36})_([A-Za-z0-9_-]{43})$/;
const NO_SUCH_KEY_SHA256 = sha256('');

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The secret of a new key, with 256 random bits; only `secretSha256` is stored. */
export function createSecret(keyId: string): { secret: string; secretSha256: string } {
  const secret = `rlcd_${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { secret, secretSha256: sha256(secret) };
}

function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

/**
 * Who an `Authorization: Bearer` header belongs to; undefined where it is missing, wrong, revoked or past its time.
 *
 * @param bootstrapSha256 hash of the environment's key; undefined where there is none
 */
export async function identify(
  header: string | undefined,
  keys: KnownKeys,
  bootstrapSha256: string | undefined,
): Promise<Principal | undefined> {
  const token = /^Bearer (\S{1,500})$/i.exec(header ?? '')?.[1];
  if (token === undefined) return undefined;
  const presented = sha256(token);
  if (bootstrapSha256 !== undefined && sameHash(presented, bootstrapSha256)) {
    return {
      keyId: BOOTSTRAP_KEY_ID,
      name: "the environment's key",
      scopes: ['admin'],
      quotas: NO_QUOTAS,
    };
  }
  const keyId = FORM.exec(token)?.[1];
  if (keyId === undefined) return undefined;
  const key = await keys.find(keyId);
  const matches = sameHash(presented, key?.secretSha256 ?? NO_SUCH_KEY_SHA256);
  if (!key || !matches || !keys.isLive(key)) return undefined;
  await keys.touch(key);
  return { keyId: key.id, name: key.name, scopes: key.scopes, quotas: key };
}
