/** The contract of health. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';

export const healthEndpoints = defineEndpoints({
  getHealth: {
    method: 'get',
    path: '/v1/health',
    tag: 'health',
    summary: 'Whether the edge and its database answer, and the disk has room (507 where it has none)',
    scopes: [],
    refuses: ['no-room'],
    status: 200,
    response: z
      .object({ status: z.literal('ok').describe('Everything answers') })
      .meta({ id: 'Health', description: 'That the edge and its database answer' }),
  },
});
