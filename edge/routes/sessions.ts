/** Sessions of browsers. */
import { SESSION_HEADER, type sessionEndpoints } from '../../shared/api/sessions.ts';
import { invalidRequest, notFound } from '../domain/errors.ts';
import type { Handlers } from '../http/handler.ts';
import { isOwnPage } from '../http/own-page.ts';
import type { Sessions } from '../http/sessions.ts';

export function sessionHandlers(sessions: Sessions): Handlers<typeof sessionEndpoints> {
  return {
    async createSession(_, { principal, request }) {
      const { method, url, headers } = request;
      if (!isOwnPage({ method, url, header: (name) => headers.get(name) ?? undefined })) {
        const detail =
          "a session is for the edge's own pages: this request comes from elsewhere, or a proxy changed its Host";
        throw invalidRequest([{ in: 'header', pointer: SESSION_HEADER, detail }]);
      }
      if (principal.sessionId !== undefined) {
        const detail = 'must carry the key: a session begins no other, or it would never end';
        throw invalidRequest([{ in: 'header', pointer: 'authorization', detail }]);
      }
      const isSecure = headers.get('origin')?.startsWith('https:') ?? false;
      const { expiresAt, setCookie, statement } = sessions.create(principal, url, isSecure);
      return { body: { expiresAt }, headers: { 'set-cookie': setCookie }, writes: [statement] };
    },

    async deleteSession(_, { principal: { sessionId }, request: { url } }) {
      if (sessionId === undefined) throw notFound('a session of this request');
      const { setCookie, statement } = sessions.end(sessionId, url);
      return { headers: { 'set-cookie': setCookie }, writes: [statement] };
    },
  };
}
