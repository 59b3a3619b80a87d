/** Health. */
import type { healthEndpoints } from '../../shared/api/health.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { ProblemError } from '../http/problem.ts';
import { findKey } from '../store/keys.ts';

/** With less, the next commit or upload may fail. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024;

export function healthHandlers({ database, freeBytes }: Dependencies): Handlers<typeof healthEndpoints> {
  return {
    async getHealth() {
      // Any read by primary key shows that the database answers and has its tables.
      await findKey(database, '');
      const free = await freeBytes?.();
      if (free !== undefined && free < LEAST_FREE_BYTES) {
        throw new ProblemError('no-room', `The edge's disk has ${free} bytes left: free space there`);
      }
      return { body: { status: 'ok' } };
    },
  };
}
