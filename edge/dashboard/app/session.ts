/** Who is signed in: the key lives in this tab's session storage and in request headers, never in an address. */
import { createSignal } from 'solid-js';
import { ApiError, createClient, type Client } from '../../../shared/api/client.ts';
import type { OwnKey } from './types.ts';

const STORED = 'rlcd-key';
const UNAUTHORIZED = 401;

export interface Session {
  readonly client: Client;
  readonly own: OwnKey;
}

const [session, setSession] = createSignal<Session>();
/** Why the last session ended; undefined where nobody was thrown out. */
const [ended, setEnded] = createSignal<string>();
export { ended, session };

export function storedKey(): string | null {
  return sessionStorage.getItem(STORED);
}

/**
 * Signs in with a key.
 *
 * @throws ApiError where the edge refuses it, TypeError where the edge cannot be reached
 */
export async function signIn(key: string): Promise<void> {
  const client = createClient({
    baseUrl: location.origin,
    key,
    fetch: async (request) => {
      const response = await fetch(request);
      if (response.status === UNAUTHORIZED && session()) signOut('The key is no longer accepted.');
      return response;
    },
  });
  const own = await client.getOwnKey().catch((error: unknown) => {
    throw error instanceof ApiError && error.problem.status === UNAUTHORIZED ? unknownKey() : error;
  });
  if (!own.scopes.some((scope) => scope === 'admin' || scope === 'client')) {
    throw new ApiError('getOwnKey', {
      type: 'urn:rlcd:problem:forbidden',
      title: 'This key cannot read experiments',
      status: 403,
      detail: "It is a runner's: take one that was made for a person (scope client or admin).",
    });
  }
  sessionStorage.setItem(STORED, key);
  setEnded(undefined);
  setSession({ client, own });
}

/** In the words of people who have a key, where the API speaks of requests. */
function unknownKey(): ApiError {
  return new ApiError('getOwnKey', {
    type: 'urn:rlcd:problem:unauthorized',
    title: 'This key is not known here',
    status: UNAUTHORIZED,
    detail: 'It may be mistyped, revoked, or of another edge.',
  });
}

export function signOut(reason?: string): void {
  sessionStorage.removeItem(STORED);
  setEnded(reason);
  setSession(undefined);
}

/** The session of a page that is only shown to people who are signed in. */
export function useSession(): Session {
  const current = session();
  if (!current) throw new Error('this page needs a session');
  return current;
}
