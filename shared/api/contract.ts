/** Every endpoint of API v1 by its operation id. A new resource adds its endpoints here. */
import type { Endpoint } from './endpoint.ts';
import { healthEndpoints } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { principleEndpoints } from './principles.ts';

export const contract = {
  ...healthEndpoints,
  ...keyEndpoints,
  ...principleEndpoints,
} satisfies Record<string, Endpoint>;

export type Contract = typeof contract;
export type OperationId = keyof Contract;
