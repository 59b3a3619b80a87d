/** Sessions of browsers: how one is made, how its cookie is read, and when it ends. */
import { randomBytes } from 'node:crypto';
import type { Database, Statement } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findSession, insertSession, removeSession } from '../store/sessions.ts';
import { sameHash, sha256, type KeyRing, type Principal } from './keys.ts';

const LIFETIME_SECONDS = 12 * 3600;
const SECRET_BYTES = 32;
const FORM = /^([0-9a-f-]{36})_([A-Za-z0-9_-]{43})$/;
/** How long a stream believes that a session that was there still is. */
const BELIEVED_MILLISECONDS = 1000;

interface MadeSession {
  readonly expiresAt: number;
  readonly setCookie: string;
  readonly statement: Statement;
}

export class Sessions {
  readonly #database: Database;
  readonly #keys: KeyRing;
  readonly #clock: () => number;

  /** @param clock milliseconds */
  constructor(database: Database, keys: KeyRing, clock: () => number) {
    this.#database = database;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Who a request's cookies belong to; undefined where there is no session, it has ended, or its key has.
   *
   * @param url of the request
   */
  async identify(url: string, cookies: string | undefined): Promise<Principal | undefined> {
    const value = valueOf(cookieName(url), cookies);
    const [, id] = FORM.exec(value) ?? [];
    if (id === undefined) return undefined;
    const session = await findSession(this.#database, id);
    const matches = sameHash(sha256(value), session?.secretSha256 ?? sha256(''));
    if (!session || !matches || session.expiresAt <= this.#clock()) return undefined;
    // A key that was revoked, rotated or is past its time takes its sessions with it.
    const principal = await this.#keys.find(session.keyId, session.keySha256);
    return principal && { ...principal, sessionId: id };
  }

  /** @param url of the request @param isSecure whether the browser came over TLS */
  create({ keyId, secretSha256: keySha256 }: Principal, url: string, isSecure: boolean): MadeSession {
    const now = this.#clock();
    const id = createIdentifier(now);
    const value = `${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const expiresAt = now + 1000 * LIFETIME_SECONDS;
    return {
      expiresAt,
      setCookie: setCookie(cookieName(url), value, LIFETIME_SECONDS, isSecure),
      statement: insertSession(this.#database, {
        id,
        secretSha256: sha256(value),
        keyId,
        keySha256,
        createdAt: now,
        expiresAt,
      }),
    };
  }

  end(sessionId: string, url: string): Omit<MadeSession, 'expiresAt'> {
    const expired = setCookie(cookieName(url), '', 0, false);
    return { setCookie: expired, statement: removeSession(this.#database, sessionId) };
  }

  /** Whether a session is still there; asks the store at most once a second. */
  watch(sessionId: string): () => Promise<boolean> {
    let asked = -Infinity;
    let isThere = true;
    return async () => {
      const now = this.#clock();
      if (!isThere || Math.abs(now - asked) < BELIEVED_MILLISECONDS) return isThere;
      asked = now;
      const session = await findSession(this.#database, sessionId);
      isThere = session !== undefined && session.expiresAt > now;
      return isThere;
    };
  }
}

/** A cookie knows no port: edges on one machine would end each other's sessions under one name. */
function cookieName(url: string): string {
  const { port } = new URL(url);
  return port === '' ? 'rlcd_session' : `rlcd_session_${port}`;
}

/** For the API alone, out of reach of scripts, and never sent along by another site. */
function setCookie(name: string, value: string, seconds: number, isSecure: boolean): string {
  const attributes = ['Path=/v1', 'HttpOnly', 'SameSite=Strict', `Max-Age=${seconds}`];
  return [`${name}=${value}`, ...attributes, ...(isSecure ? ['Secure'] : [])].join('; ');
}

function valueOf(name: string, cookies: string | undefined): string {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}
