/**
 * A Kubernetes API server as far as a launcher meets it: paths, list pages, Status objects, RBAC, quota, and Jobs that
 * are checked as the real one checks them. Faults of the way are put in line by the test.
 */

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface StoredJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly restartPolicy?: string;
        readonly containers: readonly {
          readonly name: string;
          readonly image?: string;
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
  status: { conditions?: { type: string; status: string; reason?: string }[]; active?: number };
}

/** What happens to one request, instead of an answer or after the effect. */
type Fault =
  | { readonly kind: 'answer'; readonly response: () => Response }
  /** The effect takes place, and the connection ends before the answer. */
  | { readonly kind: 'lose-answer' };

export const TOKEN = 'token-of-the-service-account';

/** As deploy/kubernetes/launcher.yaml grants; a test holds the file to it. */
export const LAUNCHER_RULES: readonly Rule[] = [
  { apiGroups: ['batch'], resources: ['cronjobs'], resourceNames: ['rlcd-runner'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'list'] },
];

const CRON_JOB = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'rlcd-runner', namespace: 'rlcd', uid: '5f0c', resourceVersion: '7' },
  spec: {
    schedule: '0 0 1 1 *',
    suspend: true,
    concurrencyPolicy: 'Allow',
    jobTemplate: {
      metadata: { labels: { 'app.kubernetes.io/name': 'rlcd-runner' } },
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { labels: { 'app.kubernetes.io/name': 'rlcd-runner' } },
          spec: {
            restartPolicy: 'Never',
            containers: [
              {
                name: 'runner',
                image: 'registry.example/rlcd-runner:0.1.0',
                env: [{ name: 'RLCD_IDLE_SECONDS', value: '600' }],
                resources: { limits: { 'nvidia.com/gpu': '1' } },
              },
            ],
          },
        },
      },
    },
  },
  status: {},
};

/** The form of every refusal. */
export function status(
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return Response.json(body, { status: code, headers });
}

const forbidden = (verb: string, resource: string, name: string) =>
  status(
    403,
    'Forbidden',
    `${resource}.batch ${name === '' ? '' : `"${name}" `}is forbidden: User "system:serviceaccount:rlcd:rlcd-launcher" cannot ${verb} resource "${resource}" in API group "batch" in the namespace "rlcd"`,
  );

/** What the real server refuses with 422. */
function faultOf(job: StoredJob): string | undefined {
  if (job.apiVersion !== 'batch/v1' || job.kind !== 'Job') return 'no match for kind';
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(job.metadata.name)) return 'metadata.name: Invalid value';
  for (const value of Object.values(job.metadata.labels ?? {})) {
    if (!/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value))
      return 'metadata.labels: Invalid value';
  }
  const pod = job.spec.template.spec;
  if (pod.restartPolicy !== 'Never' && pod.restartPolicy !== 'OnFailure') {
    return 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"';
  }
  if (pod.containers.some(({ image }) => image === undefined)) return 'containers[0].image: Required value';
  const names = pod.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
  return names.length === new Set(names).size ? undefined : 'env: Duplicate value';
}

export class ApiServer {
  readonly jobs = new Map<string, StoredJob>();
  /** Consumed by the requests to come, one each; undefined lets one pass. */
  readonly faults: (Fault | undefined)[] = [];
  /** `GET cronjobs/rlcd-runner`, in order. */
  readonly seen: string[] = [];
  rules: readonly Rule[] = LAUNCHER_RULES;
  cronJob: object | undefined = CRON_JOB;
  /** `count/jobs.batch`; a finished Job counts as long as it is there. */
  quota = Number.POSITIVE_INFINITY;
  pageSize = 500;

  /** The Job has ended, as its conditions say then. */
  finish(
    name: string,
    type: 'Complete' | 'Failed' = 'Complete',
    why: { readonly reason?: string; readonly message?: string } = {},
  ): void {
    const job = this.jobs.get(name);
    if (job) job.status = { conditions: [{ type, status: 'True', ...why }] };
  }

  async handle(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, namespace, resource = '', name = ''] =
      /^\/apis\/batch\/v1\/namespaces\/([^/]+)\/(cronjobs|jobs)(?:\/([^/]+))?$/.exec(pathname) ?? [];
    this.seen.push(`${request.method} ${resource}${name === '' ? '' : `/${name}`}`);
    const fault = this.faults.shift();
    if (fault?.kind === 'answer') return fault.response();
    const answer = await this.#answer(request, namespace, resource, name, searchParams);
    if (fault?.kind === 'lose-answer')
      throw new TypeError('fetch failed', { cause: new Error('socket hang up') });
    return answer;
  }

  async #answer(
    request: Request,
    namespace: string | undefined,
    resource: string,
    name: string,
    query: URLSearchParams,
  ): Promise<Response> {
    if (namespace === undefined)
      return status(404, 'NotFound', 'the server could not find the requested resource');
    if (request.headers.get('authorization') !== `Bearer ${TOKEN}`) {
      return status(401, 'Unauthorized', 'Unauthorized');
    }
    const verb = request.method === 'POST' ? 'create' : name === '' ? 'list' : 'get';
    if (namespace !== 'rlcd' || !this.#allows(verb, resource, name)) return forbidden(verb, resource, name);
    if (verb === 'create') return this.#create((await request.json()) as StoredJob);
    if (verb === 'list') return this.#list(query);
    return this.cronJob === undefined
      ? status(404, 'NotFound', `${resource}.batch "${name}" not found`)
      : Response.json(this.cronJob);
  }

  #allows(verb: string, resource: string, name: string): boolean {
    return this.rules.some(
      ({ apiGroups, resources, resourceNames, verbs }) =>
        apiGroups.includes('batch') &&
        resources.includes(resource) &&
        verbs.includes(verb) &&
        (resourceNames === undefined || resourceNames.includes(name)),
    );
  }

  #list(query: URLSearchParams): Response {
    const [label = '', value = ''] = (query.get('labelSelector') ?? '').split('=');
    const found = [...this.jobs.values()].filter(({ metadata }) => metadata.labels?.[label] === value);
    const start = Number(query.get('continue') ?? 0);
    const end = start + Math.min(Number(query.get('limit') ?? 500), this.pageSize);
    return Response.json({
      kind: 'JobList',
      apiVersion: 'batch/v1',
      metadata: { resourceVersion: '42', ...(end < found.length ? { continue: String(end) } : {}) },
      items: found.slice(start, end),
    });
  }

  #create(job: StoredJob): Response {
    const { name } = job.metadata;
    const fault = faultOf(job);
    if (fault !== undefined) return status(422, 'Invalid', `Job.batch "${name}" is invalid: ${fault}`);
    if (this.jobs.has(name)) return status(409, 'AlreadyExists', `jobs.batch "${name}" already exists`);
    if (this.jobs.size >= this.quota) {
      const text = `exceeded quota: rlcd-runners, requested: count/jobs.batch=1, used: count/jobs.batch=${this.jobs.size}, limited: count/jobs.batch=${this.quota}`;
      return status(403, 'Forbidden', `jobs.batch "${name}" is forbidden: ${text}`);
    }
    this.jobs.set(name, { ...job, status: {} });
    return Response.json(job, { status: 201 });
  }
}
