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
    id: z.uuid().describe('Its id'),
    name: z.string().describe('Its name'),
    engineVersion: z.string().describe('Version of the engine; results of unlike versions are not mixed'),
    device: z.record(z.string(), z.unknown()).describe('Device, memory and versions, in its own words'),
    status: z.enum(RUNNER_STATUSES).describe('`live`: it was heard in the last 45 s'),
    serveUrl: z
      .string()
      .nullable()
      .describe('Where the edge reaches the models that it serves; null: it serves none'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    seenAt: instant.describe('When it was last heard: milliseconds since the epoch, UTC'),
    task: z
      .object({
        id: identifier.describe('Its id'),
        kind: z.enum(TASK_KINDS).describe("The task's kind"),
        experimentId: identifier.describe('The experiment, by its id'),
        stage: z.string().describe("The stage's name"),
        since: instant.describe('Since when: milliseconds since the epoch, UTC'),
      })
      .nullable()
      .describe('What it does now, and since when; null where it waits'),
  })
  .meta({ id: 'Runner', description: 'A program that leases tasks and works on them' });

const launch = z
  .object({
    id: identifier.describe('Its id'),
    launcher: z.string().describe('`webhook`, `kubernetes-job` or `local-process`'),
    outcome: z.enum(LAUNCH_OUTCOMES).describe('What came of it'),
    reason: z.string().describe('Why'),
    queuedTasks: z.int().describe('Tasks that waited then'),
    liveRunners: z.int().describe('Runners that were live then'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    arrivedAt: instant
      .nullable()
      .describe(
        'The first claim of the runner that was launched; null before it, and where nothing was launched',
      ),
  })
  .meta({ id: 'Launch', description: 'A decision to launch a runner or not' });

export const runnerEndpoints = defineEndpoints({
  ...memoryPlanEndpoints,
  listRunners: {
    method: 'get',
    path: '/v1/runners',
    tag: 'runners',
    summary: 'List runners, and what each does since when',
    scopes: ['admin', 'client'],
    query: pageQuery({ status: z.enum(RUNNER_STATUSES).optional().describe('Only those with this status') }),
    status: 200,
    response: page(runner),
  },
  listLaunches: {
    method: 'get',
    path: '/v1/launches',
    tag: 'runners',
    summary: 'List the decisions to launch a runner or not, the newest first, each with its reason',
    scopes: ['admin', 'client'],
    query: pageQuery({
      outcome: z.enum(LAUNCH_OUTCOMES).optional().describe('Only decisions with this outcome'),
    }),
    status: 200,
    response: page(launch),
  },
  launchRunner: {
    method: 'post',
    path: '/v1/runners/launch',
    tag: 'runners',
    summary: 'Ask the launcher for a runner if work waits and the limits allow it',
    scopes: ['admin'],
    refuses: ['conflict'],
    status: 200,
    /** Null where nothing waits or the runners there are suffice. */
    response: z.object({
      launch: z
        .union([launch, z.null()])
        .describe('The decision; null where nothing waits or the runners there are suffice'),
    }),
  },
});
