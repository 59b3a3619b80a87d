/**
 * Keys that were read a moment ago: most requests come in rows from one key, and a read of D1 costs more than all else
 * that a small request does. A key that is revoked or rotated here is read anew at once; another process or isolate
 * goes on to accept it for at most {@link KEPT_MILLISECONDS}.
 */
import { commit, type Database } from './database.ts';
import { findKey, TOUCH_MILLISECONDS, touchKey, type KeyRow } from './keys.ts';

const KEPT_MILLISECONDS = 1000;
const MAXIMUM_KEYS = 1000;

export class KnownKeys {
  readonly #database: Database;
  readonly #clock: () => number;
  readonly #kept = new Map<string, { readonly key: KeyRow; readonly at: number }>();
  /** Keys that are about to change, until when they are not kept. */
  readonly #changing = new Map<string, number>();

  /** @param clock milliseconds */
  constructor(database: Database, clock: () => number) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Whether a key opens anything: neither revoked nor past its time. */
  isLive({ revokedAt, expiresAt }: KeyRow): boolean {
    return revokedAt === null && (expiresAt === null || expiresAt > this.#clock());
  }

  /** Writes down that a key was used, to the minute. */
  async touch(key: KeyRow): Promise<void> {
    const now = this.#clock();
    if (key.lastUsedAt !== null && now - key.lastUsedAt < TOUCH_MILLISECONDS) return;
    const known = this.#kept.get(key.id);
    // Told first, so that of many requests at once one writes.
    if (known?.key === key) this.#kept.set(key.id, { ...known, key: { ...key, lastUsedAt: now } });
    try {
      await commit(this.#database, [touchKey(this.#database, key.id, now)]);
    } catch (error) {
      // Where nothing can be written, what was stored can still be read.
      console.error(error);
    }
  }

  async find(keyId: string): Promise<KeyRow | undefined> {
    const now = this.#clock();
    const known = this.#kept.get(keyId);
    // Not older than told, and not from a future that a clock set back has left behind.
    if (known && now >= known.at && now - known.at < KEPT_MILLISECONDS) return known.key;
    this.#kept.delete(keyId);
    const key = await findKey(this.#database, keyId);
    // Only keys that exist: a search for keys leaves nothing here.
    if (key && now >= (this.#changing.get(keyId) ?? now)) {
      if (this.#kept.size >= MAXIMUM_KEYS) this.#kept.clear();
      this.#kept.set(keyId, { key, at: now });
    }
    return key;
  }

  /** Before a key's row changes: who reads it while the change is written keeps nothing. */
  change(keyId: string): void {
    const now = this.#clock();
    for (const [id, until] of this.#changing) if (until <= now) this.#changing.delete(id);
    this.#changing.set(keyId, now + KEPT_MILLISECONDS);
    this.#kept.delete(keyId);
  }
}
