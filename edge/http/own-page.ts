/** Whether a request comes from a page of this edge: what a cookie alone does not say, since browsers add it by themselves. */
import { SESSION_HEADER } from '../../shared/api/sessions.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly header: (name: string) => string | undefined;
}

/**
 * The header of sessions first: a page of another origin that sends it is asked about by its browser, and the edge allows no
 * other origin. Then the browser's own word on where the request comes from, which no script can change; where it gives
 * none (an old one, or plain HTTP over a network), the origin, which every request that changes something tells.
 */
export function isOwnPage({ method, url, header }: Asked): boolean {
  if (header(SESSION_HEADER) === undefined) return false;
  const site = header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = header('origin');
  if (origin === undefined) return method === 'GET' || method === 'HEAD';
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host;
}
