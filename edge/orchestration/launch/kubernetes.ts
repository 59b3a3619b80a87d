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

interface KubernetesJobs extends KubernetesCluster {
  /** The suspended CronJob whose template a Job is made from. */
  readonly cronJob: string;
}

const strings = z.record(z.string(), z.string());
const metadata = z.looseObject({ labels: strings.optional(), annotations: strings.optional() });
const container = z.looseObject({ name: z.string(), env: z.array(z.looseObject({})).optional() });
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
          conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional(),
        })
        .optional(),
    }),
  ),
});
type Job = z.infer<typeof jobListSchema>['items'][number];

const jobName = ({ launchId }: LaunchRequest): string => `rlcd-runner-${launchId}`;

/** A Job that has ended says so by a condition; one without is waiting for a node, starting or running. */
function isActive({ status }: Job): boolean {
  const ended = ({ type, status }: { type: string; status: string }) =>
    status === 'True' && (type === 'Complete' || type === 'Failed');
  return !(status?.conditions ?? []).some(ended);
}

function jobOf({ spec: { jobTemplate } }: CronJob, request: LaunchRequest): object {
  const { metadata: given, spec } = jobTemplate;
  const pod = spec.template.spec;
  const containers = pod.containers.map((one) => ({
    ...one,
    env: [...(one.env ?? []), { name: 'RLCD_LAUNCH_ID', value: request.launchId }],
  }));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(request),
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

  async function countActive(): Promise<number> {
    let active = 0;
    let next = '';
    do {
      const query = new URLSearchParams({ labelSelector: `${LABEL}=${LABEL_VALUE}`, limit: `${LIST_LIMIT}` });
      if (next !== '') query.set('continue', next);
      const list = await api.get(`jobs?${query}`, jobListSchema);
      active += list.items.filter(isActive).length;
      next = list.metadata?.continue ?? '';
    } while (next !== '');
    return active;
  }

  async function launch(request: LaunchRequest): Promise<LaunchAnswer> {
    const cronJob = await api.get(`cronjobs/${jobs.cronJob}`, cronJobSchema);
    if (cronJob.spec.suspend !== true) {
      const reason = `CronJob ${jobs.cronJob} is not suspended and would start runners by its schedule, too: set spec.suspend`;
      return { outcome: 'failed', reason };
    }
    // The cluster knows better than the edge what is coming up: a node for it may take long.
    const active = await countActive();
    if (active >= request.maximumRunners) {
      return { outcome: 'refused', reason: `${active} Jobs have not ended, the most that are allowed` };
    }
    const name = jobName(request);
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
