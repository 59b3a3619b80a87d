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
  /** Of the secret that let it in; empty for anyone. */
  readonly secretSha256: string;
  /** The browser's session that stands for the key; absent where the request carries the key itself. */
  readonly sessionId?: string;
}

/** The bootstrap key has no row; its idempotency records lie under this name. */
export const BOOTSTRAP_KEY_ID = 'bootstrap';
const SECRET_BYTES = 32;
const FORM = /^rlcd_([0-9a-f-]{36})_([A-Za-z0-9_-]{43})$/;
const NO_SUCH_KEY_SHA256 = sha256('');
const BOOTSTRAP = {
  keyId: BOOTSTRAP_KEY_ID,
  name: "the environment's key",
  scopes: ['admin'],
  quotas: NO_QUOTAS,
} as const;

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The secret of a new key, with 256 random bits; only `secretSha256` is stored. */
export function createSecret(keyId: string): { secret: string; secretSha256: string } {
  const secret = `rlcd_${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { secret, secretSha256: sha256(secret) };
}

/** In equal time whatever they are. */
export function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

/** The keys of the store and of the environment. */
export class KeyRing {
  readonly #keys: KnownKeys;
  /** Of the environment's key; undefined where there is none. */
  readonly #bootstrapSha256: string | undefined;

  constructor(keys: KnownKeys, bootstrapKey: string | undefined) {
    this.#keys = keys;
    this.#bootstrapSha256 = bootstrapKey === undefined ? undefined : sha256(bootstrapKey);
  }

  /** Who an `Authorization: Bearer` header belongs to; undefined where it is missing, wrong, revoked or past its time. */
  async identify(header: string | undefined): Promise<Principal | undefined> {
    const token = /^Bearer (\S{1,500})$/i.exec(header ?? '')?.[1];
    if (token === undefined) return undefined;
    const presented = sha256(token);
    const keyId = FORM.exec(token)?.[1] ?? BOOTSTRAP_KEY_ID;
    return (await this.find(BOOTSTRAP_KEY_ID, presented)) ?? (await this.find(keyId, presented));
  }

  /** Who a key is, where its secret has that hash and it opens anything. */
  async find(keyId: string, secretSha256: string): Promise<Principal | undefined> {
    if (keyId === BOOTSTRAP_KEY_ID) {
      const isBootstrap = sameHash(secretSha256, this.#bootstrapSha256 ?? NO_SUCH_KEY_SHA256);
      return isBootstrap ? { ...BOOTSTRAP, secretSha256 } : undefined;
    }
    const key = await this.#keys.find(keyId);
    const matches = sameHash(secretSha256, key?.secretSha256 ?? NO_SUCH_KEY_SHA256);
    if (!key || !matches || !this.#keys.isLive(key)) return undefined;
    await this.#keys.touch(key);
    return { keyId: key.id, name: key.name, scopes: key.scopes, quotas: key, secretSha256 };
  }
}
