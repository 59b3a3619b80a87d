/**
 * Who is signed in. The key lives in this tab's session storage and in request headers, never in an address; or, where the
 * reader stays signed in, nowhere: a cookie that no script can read stands for it, and only when it ends is kept here.
 */
import { createSignal } from 'solid-js';
import { ApiError, createClient, type Client } from '../../../shared/api/client.ts';
import { SESSION_HEADER } from '../../../shared/api/sessions.ts';
import { forgetDrafts } from './drafts.ts';
import type { OwnKey } from './types.ts';

const STORED_KEY = 'rlcd-key';
const STORED_END = 'rlcd-session-until';
const UNAUTHORIZED = 401;
/** What a key is made of, as the edge reads it: a browser sends no header of anything else. */
const CAN_BE_SENT = /^[!-~]{1,500}$/;
/** Written and removed again: other tabs of the browser hear of it. */
const SIGNED_OUT = 'rlcd-signed-out';

export interface Session {
  readonly client: Client;
  readonly own: OwnKey;
  /** Whether a cookie stands for the key. */
  readonly stays: boolean;
}

const [session, setSession] = createSignal<Session>();
/** Why the last session ended; undefined where nobody was thrown out. */
const [ended, setEnded] = createSignal<string>();
export { ended, session };

/** Whether the session of this tab is, or was when it ended, the browser's. */
let isShared = false;
// Who signed out in one tab did so in all; the edge may have refused this one a moment before the reason came.
addEventListener('storage', ({ key, newValue }) => {
  const isTold = key === SIGNED_OUT && newValue !== null;
  if (isTold && isShared && (session() || ended())) left('You signed out in another tab.');
});

/** Whether there is something to go on with, without asking for a key. */
export function canResume(): boolean {
  return sessionStorage.getItem(STORED_KEY) !== null || Number(localStorage.getItem(STORED_END)) > Date.now();
}

/**
 * Goes on with the key of this tab, or with the session of this browser.
 *
 * @throws ApiError where the edge refuses it, TypeError where the edge cannot be reached
 */
export async function resume(): Promise<void> {
  const key = sessionStorage.getItem(STORED_KEY);
  if (key !== null) return await signIn(key, false);
  await enter(clientOf(undefined), true).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.problem.status === UNAUTHORIZED)) throw error;
    signedOut('You were signed out: sign in again.');
  });
}

/**
 * Signs in with a key.
 *
 * @param stays whether this browser stays signed in, new tabs and windows included
 * @throws ApiError where it is no key or the edge refuses it, TypeError where the edge cannot be reached
 */
export async function signIn(key: string, stays: boolean): Promise<void> {
  if (!CAN_BE_SENT.test(key)) throw unknownKey();
  const client = clientOf(key);
  if (!stays) {
    await enter(client, false);
    sessionStorage.setItem(STORED_KEY, key);
    return;
  }
  await ownOf(client);
  const { expiresAt } = await client.createSession({}, { headers: { [SESSION_HEADER]: '1' } });
  localStorage.setItem(STORED_END, String(expiresAt));
  await enter(clientOf(undefined), true);
}

function clientOf(key: string | undefined): Client {
  return createClient({
    baseUrl: location.origin,
    ...(key !== undefined && { key }),
    fetch: async (request) => {
      const response = await fetch(request);
      if (response.status === UNAUTHORIZED && session()) signedOut(whyRefused());
      return response;
    },
  });
}

/** The edge says no more than that it knows no such session or key; by the clock this browser knows whether its time was over. */
function whyRefused(): string {
  const end = localStorage.getItem(STORED_END);
  return isShared && end !== null && Number(end) <= Date.now()
    ? 'The 12 hours are over: sign in again.'
    : 'The key is no longer accepted.';
}

async function enter(client: Client, stays: boolean): Promise<void> {
  const own = await ownOf(client);
  setEnded(undefined);
  isShared = stays;
  setSession({ client, own, stays });
}

/** @throws ApiError where the key is unknown, or is none for people */
async function ownOf(client: Client): Promise<OwnKey> {
  const own = await client.getOwnKey().catch((error: unknown) => {
    throw error instanceof ApiError && error.problem.status === UNAUTHORIZED ? unknownKey() : error;
  });
  if (own.scopes.some((scope) => scope === 'admin' || scope === 'client')) return own;
  throw new ApiError('getOwnKey', {
    type: 'urn:rlcd:problem:forbidden',
    title: 'This key cannot read experiments',
    status: 403,
    detail: "It is a runner's: take one that was made for a person (scope client or admin).",
  });
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

/** Ends the session, at the edge as well where one is there. */
export async function signOut(): Promise<void> {
  const current = session();
  if (!current?.stays) {
    left();
    return;
  }
  try {
    await current.client.deleteSession();
    localStorage.setItem(SIGNED_OUT, String(Date.now()));
    localStorage.removeItem(SIGNED_OUT);
    left();
  } catch (error) {
    // What was ended meanwhile needs no end; anything else must not look like one.
    if (error instanceof ApiError && error.problem.status === UNAUTHORIZED) left();
    else setEnded('The edge could not be told, so you are still signed in: try again.');
  }
}

/** Somebody went: nothing of theirs stays, where a session that ends by itself keeps what was typed. */
function left(reason?: string): void {
  signedOut(reason);
  // What is open now puts its draft away as it closes.
  forgetDrafts();
}

function signedOut(reason?: string): void {
  sessionStorage.removeItem(STORED_KEY);
  localStorage.removeItem(STORED_END);
  setEnded(reason);
  setSession(undefined);
}

/** The session of a page that is only shown to people who are signed in. */
export function useSession(): Session {
  const current = session();
  if (!current) throw new Error('this page needs a session');
  return current;
}
