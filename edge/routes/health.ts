/** Health. */
import type { healthEndpoints } from '../../shared/api/health.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { findKey } from '../store/keys.ts';

export function healthHandlers({ database }: Dependencies): Handlers<typeof healthEndpoints> {
  return {
    async getHealth() {
      // Any read by primary key shows that the database answers and has its tables.
      await findKey(database, '');
      return { body: { status: 'ok' } };
    },
  };
}
