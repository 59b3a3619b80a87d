/** Access by one key that clients send as a bearer token: whoever has it may ask for every model of the server. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { RequestRefusedError } from './openai-error.ts';
import type { ServedModel } from './sampling-calls.ts';
import type { Access } from './server.ts';

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export function keyAccess(key: string, models: ReadonlyMap<string, ServedModel>): Access {
  const expected = hashOf(key);
  return {
    admit: async ({ headers }) => {
      const token = /^Bearer (\S{1,500})$/i.exec(headers.get('authorization') ?? '')?.[1];
      if (token !== undefined && timingSafeEqual(hashOf(token), expected)) return models;
      throw new RequestRefusedError(401, 'unauthorized', 'a valid key is needed', {
        cure: 'Send Authorization: Bearer and the key that the server was started with (RLCD_ENDPOINT_KEY)',
      });
    },
  };
}
