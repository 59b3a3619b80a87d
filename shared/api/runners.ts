/** The contract of runners and of the decisions to launch more of them. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { memoryPlanEndpoints } from './memory-plans.ts';
import { identifier, instant } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { TASK_KINDS } from './tasks/kinds.ts';
import { LAUNCH_OUTCOMES, RUNNER_STATUSES } from './words.ts';

const runner = z
  .object({
    id: z.uuid(),
    name: z.string(),
    engineVersion: z.string(),
    device: z.record(z.string(), z.unknown()),
    /** `live`: it was heard in the last 45 s. */
    status: z.enum(RUNNER_STATUSES),
    /** Where the edge reaches the models that it serves; null: it serves none. */
    serveUrl: z.string().nullable(),
    createdAt: instant,
    seenAt: instant,
    /** What it does now, and since when; null where it waits. */
    task: z
      .object({
        id: identifier,
        kind: z.enum(TASK_KINDS),
        experimentId: identifier,
        stage: z.string(),
        since: instant,
      })
      .nullable(),
  })
  .meta({ id: 'Runner' });

const launch = z
  .object({
    id: identifier,
    /** `webhook`, `kubernetes-job` or `local-process`. */
    launcher: z.string(),
    outcome: z.enum(LAUNCH_OUTCOMES),
    reason: z.string(),
    queuedTasks: z.int(),
    liveRunners: z.int(),
    createdAt: instant,
    /** The first claim of the runner that was launched; null before it, and where nothing was launched. */
    arrivedAt: instant.nullable(),
  })
  .meta({ id: 'Launch' });

export const runnerEndpoints = defineEndpoints({
  ...memoryPlanEndpoints,
  listRunners: {
    method: 'get',
    path: '/v1/runners',
    tag: 'runners',
    summary: 'List runners, and what each does since when',
    scopes: ['admin', 'client'],
    query: pageQuery({ status: z.enum(RUNNER_STATUSES).optional() }),
    status: 200,
    response: page(runner),
  },
  listLaunches: {
    method: 'get',
    path: '/v1/launches',
    tag: 'runners',
    summary: 'List the decisions to launch a runner or not, the newest first, each with its reason',
    scopes: ['admin', 'client'],
    query: pageQuery({ outcome: z.enum(LAUNCH_OUTCOMES).optional() }),
    status: 200,
    response: page(launch),
  },
  launchRunner: {
    method: 'post',
    path: '/v1/runners/launch',
    tag: 'runners',
    summary: 'Ask the launcher for a runner if work waits and the limits allow it',
    scopes: ['admin'],
    status: 200,
    /** Null where nothing waits or the runners there are suffice. */
    response: z.object({ launch: z.union([launch, z.null()]) }),
  },
});
