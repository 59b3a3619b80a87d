/** Every endpoint of API v1 by its operation id. A new resource adds its endpoints here. */
import type { Endpoint } from './endpoint.ts';
import { artifactEndpoints } from './artifacts.ts';
import { auditEndpoints } from './audit.ts';
import { baseModelEndpoints } from './base-models.ts';
import { comparisonEndpoints } from './comparisons.ts';
import { completionEndpoints } from './completions.ts';
import { eventEndpoints } from './events.ts';
import { experimentEndpoints } from './experiments.ts';
import { exportEndpoints } from './exports.ts';
import { healthEndpoints } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { likelihoodEndpoints } from './likelihoods.ts';
import { preferencePairEndpoints } from './preference-pairs.ts';
import { metricEndpoints } from './metrics.ts';
import { principleEndpoints } from './principles.ts';
import { promptSetEndpoints } from './prompt-sets.ts';
import { runnerEndpoints } from './runners.ts';
import { scorerEndpoints } from './scorers.ts';
import { sessionEndpoints } from './sessions.ts';
import { taskEndpoints } from './tasks.ts';

export const contract = {
  ...artifactEndpoints,
  ...auditEndpoints,
  ...baseModelEndpoints,
  ...comparisonEndpoints,
  ...completionEndpoints,
  ...eventEndpoints,
  ...experimentEndpoints,
  ...exportEndpoints,
  ...healthEndpoints,
  ...keyEndpoints,
  ...likelihoodEndpoints,
  ...preferencePairEndpoints,
  ...metricEndpoints,
  ...principleEndpoints,
  ...promptSetEndpoints,
  ...runnerEndpoints,
  ...scorerEndpoints,
  ...sessionEndpoints,
  ...taskEndpoints,
} satisfies Record<string, Endpoint>;

export type Contract = typeof contract;
export type OperationId = keyof Contract;
