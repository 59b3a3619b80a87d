/** Every endpoint of API v1 by its operation id. A new resource adds its endpoints here. */
import type { Endpoint } from './endpoint.ts';
import { artifactEndpoints } from './artifacts.ts';
import { baseModelEndpoints } from './base-models.ts';
import { experimentEndpoints } from './experiments.ts';
import { healthEndpoints } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { principleEndpoints } from './principles.ts';
import { promptSetEndpoints } from './prompt-sets.ts';
import { taskEndpoints } from './tasks.ts';

export const contract = {
  ...artifactEndpoints,
  ...baseModelEndpoints,
  ...experimentEndpoints,
  ...healthEndpoints,
  ...keyEndpoints,
  ...principleEndpoints,
  ...promptSetEndpoints,
  ...taskEndpoints,
} satisfies Record<string, Endpoint>;

export type Contract = typeof contract;
export type OperationId = keyof Contract;
