/**
 * A launcher that makes one Kubernetes Job for each runner, from the template of a suspended CronJob.
 *
 * What a runner is (image, GPU, secrets, volumes) is said in the cluster alone; the edge may read that one CronJob,
 * and list and create Jobs (deploy/kubernetes/launcher.yaml). A Job is named after its launch, so that a launch which
 * is asked for twice, or whose answer was lost, is still one Job.
 */
import { z } from 'zod';
import { KubernetesApi, KubernetesError, type KubernetesCluster } from './kubernetes-api.ts';
import type { LaunchAnswer, Launcher, LaunchRequest } from './launcher.ts';
import { messageOf } from '../../../shared/caught.ts';

/** Every Job of this launcher, and no other, carries it. */
const LABEL = 'rlcd.dev/launched-by';
const LABEL_VALUE = 'edge';
const LIST_LIMIT = 500;
/** How a runner knows which launch it is. */
const LAUNCH_ID = 'RLCD_LAUNCH_ID';

interface KubernetesJobs extends KubernetesCluster {
  /** The suspended CronJob whose template a Job is made from. */
  readonly cronJob: string;
}

const strings = z.record(z.string(), z.string());
const metadata = z.looseObject({ labels: strings.optional(), annotations: strings.optional() });
const container = z.looseObject({
  name: z.string(),
  env: z.array(z.looseObject({ name: z.string() })).optional(),
});
const cronJobSchema = z.looseObject({
  spec: z.looseObject({
    suspend: z.boolean().optional(),
    jobTemplate: z.looseObject({
      metadata: metadata.optional(),
      spec: z.looseObject({
        template: z.looseObject({
          spec: z.looseObject({ containers: z.array(container).min(1) }),
        }),
      }),
    }),
  }),
});
type CronJob = z.infer<typeof cronJobSchema>;

const jobListSchema = z.looseObject({
  metadata: z.looseObject({ continue: z.string().optional() }).optional(),
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ name: z.string() }),
      status: z
        .looseObject({
          conditions: z
            .array(
              z.looseObject({
                type: z.string(),
                status: z.string(),
                reason: z.string().optional(),
                message: z.string().optional(),
              }),
            )
            .optional(),
        })
        .optional(),
    }),
  ),
});
type Job = z.infer<typeof jobListSchema>['items'][number];

const jobName = (launchId: string): string => `rlcd-runner-${launchId}`;

/** A Job that has ended says so by a condition; one without is waiting for a node, starting or running. */
function endOf({ status }: Job) {
  return status?.conditions?.find(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}

/** Why no runner will come of a Job; undefined while one may. @param job undefined where the cluster has none any more */
function whyEnded(name: string, job: Job | undefined): string | undefined {
  if (!job) return `Job ${name} is not there any more: it was deleted, or swept after its end`;
  const end = endOf(job);
  if (!end) return undefined;
  if (end.type === 'Complete') return `the runner of Job ${name} ended before it asked for a task`;
  const reason = [end.reason, end.message].filter((part) => part !== undefined && part !== '').join(': ');
  return `Job ${name} failed${reason === '' ? '' : ` (${reason})`}; its pod's log tells more: kubectl logs job/${name}`;
}

function jobOf({ spec: { jobTemplate } }: CronJob, request: LaunchRequest): object {
  const { metadata: given, spec } = jobTemplate;
  const pod = spec.template.spec;
  const containers = pod.containers.map((one) => ({
    ...one,
    // A template may have been made of such a Job.
    env: [
      ...(one.env ?? []).filter(({ name }) => name !== LAUNCH_ID),
      { name: LAUNCH_ID, value: request.launchId },
    ],
  }));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(request.launchId),
      labels: { ...given?.labels, [LABEL]: LABEL_VALUE },
      annotations: { ...given?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
    },
    spec: { ...spec, template: { ...spec.template, spec: { ...pod, containers } } },
  };
}

/** What an error means for the launch, with the cure where there is one. */
function answerTo(error: KubernetesError, { cronJob, namespace }: KubernetesJobs): LaunchAnswer {
  const { status, reason, message } = error;
  const failed = (text: string): LaunchAnswer => ({ outcome: 'failed', reason: text });
  if (status === 401) return failed('401: the API server does not know the token; make a new one');
  if (status === 403 && message.includes('exceeded quota')) {
    return { outcome: 'refused', reason: `403: ${message}` };
  }
  if (status === 403) return failed(`403: ${message}; apply deploy/kubernetes/launcher.yaml`);
  if (status === 404) {
    return failed(
      `404: no CronJob ${cronJob} in namespace ${namespace}; apply deploy/kubernetes/runner.yaml`,
    );
  }
  if (status === 429) return { outcome: 'refused', reason: `429: ${message}` };
  if (status === 0) return failed(`no answer: ${message}`);
  return failed(`${status} ${reason}: ${message}`);
}

export function createKubernetesLauncher(jobs: KubernetesJobs): Launcher {
  const api = new KubernetesApi(jobs);

  async function listJobs(): Promise<Job[]> {
    const jobs: Job[] = [];
    let next = '';
    do {
      const query = new URLSearchParams({ labelSelector: `${LABEL}=${LABEL_VALUE}`, limit: `${LIST_LIMIT}` });
      if (next !== '') query.set('continue', next);
      const list = await api.get(`jobs?${query}`, jobListSchema);
      jobs.push(...list.items);
      next = list.metadata?.continue ?? '';
    } while (next !== '');
    return jobs;
  }

  async function launch(request: LaunchRequest): Promise<LaunchAnswer> {
    const cronJob = await api.get(`cronjobs/${jobs.cronJob}`, cronJobSchema);
    if (cronJob.spec.suspend !== true) {
      const reason = `CronJob ${jobs.cronJob} is not suspended and would start runners by its schedule, too: set spec.suspend`;
      return { outcome: 'failed', reason };
    }
    // The cluster knows better than the edge what is coming up: a node for it may take long.
    const active = (await listJobs()).filter((job) => endOf(job) === undefined).length;
    if (active >= request.maximumRunners) {
      return { outcome: 'refused', reason: `${active} Jobs have not ended, the most that are allowed` };
    }
    const name = jobName(request.launchId);
    try {
      await api.create('jobs', jobOf(cronJob, request));
    } catch (error) {
      const exists = error instanceof KubernetesError && error.reason === 'AlreadyExists';
      if (!exists) throw error;
      return { outcome: 'launched', reason: `Job ${name} was there already` };
    }
    return { outcome: 'launched', reason: `Job ${name}` };
  }

  return {
    name: 'kubernetes-job',
    async findEnded(launchIds) {
      const known = new Map((await listJobs()).map((job) => [job.metadata.name, job]));
      const ended = new Map<string, string>();
      for (const launchId of launchIds) {
        const name = jobName(launchId);
        const reason = whyEnded(name, known.get(name));
        if (reason !== undefined) ended.set(launchId, reason);
      }
      return ended;
    },
    async launch(request) {
      try {
        return await launch(request);
      } catch (error) {
        if (error instanceof KubernetesError) return answerTo(error, jobs);
        return { outcome: 'failed', reason: messageOf(error) };
      }
    },
  };
}
