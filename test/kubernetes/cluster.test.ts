/** The launcher, the manifests and the answer for KEDA against a real Kubernetes API server; no controllers and no kubelet run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openClusterTransport } from '../../edge/hosts/cluster-transport.ts';
import { readLaunchPolicy } from '../../edge/orchestration/launch/configuration.ts';
import { reconcile } from '../../edge/orchestration/launch/reconcile.ts';
import { createIdentifier } from '../../edge/store/identifier.ts';
import { createHarness } from '../edge/harness.ts';
import { createFolder, openNodeStore } from '../edge/node-store.ts';
import { TestRunner } from '../edge/runner.ts';
import { EXPERIMENT, seedWorld } from '../edge/seed.ts';
import { startCluster, type Answer, type Cluster } from './cluster.ts';
import { FORBIDDEN } from './forbidden.ts';
import { apply, changed, pathOf, readManifest, readManifests, type Manifest } from './manifests.ts';
import { findPrograms } from './programs.ts';

const NAMESPACE = '/apis/batch/v1/namespaces/rlcd';
const PODS = '/api/v1/namespaces/rlcd/pods';
const ACCOUNTS = '/api/v1/namespaces/rlcd/serviceaccounts';
const ACCOUNT = readManifest('launcher.yaml', 'ServiceAccount');
const QUOTA = readManifest('namespace.yaml', 'ResourceQuota');
const ROLE = readManifest('launcher.yaml', 'Role');
const CRON_JOB = readManifest('runner.yaml', 'CronJob');

const statusOf = ({ status }: Answer) => status;
const itemsOf = ({ body }: Answer) =>
  z
    .object({
      items: z.array(
        z.looseObject({
          metadata: z.looseObject({
            name: z.string(),
            ownerReferences: z.array(z.looseObject({ kind: z.string(), name: z.string() })).optional(),
          }),
        }),
      ),
    })
    .parse(body).items;

const programs = await findPrograms();

describe.skipIf(programs === undefined)(
  'a Kubernetes API server (absent: npm run kubernetes builds it, with Go and its registry)',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-kubernetes-'));
    const tokenFile = path.join(folder, 'token');
    const stores = createFolder();
    let cluster: Cluster;

    /** The launcher as an edge on Node has it. */
    async function policy(environment: Record<string, string> = {}) {
      const opened = await openClusterTransport({
        RLCD_KUBERNETES_URL: cluster.url,
        RLCD_KUBERNETES_TOKEN_FILE: tokenFile,
        RLCD_KUBERNETES_CA_FILE: cluster.authorityFile,
        ...environment,
      });
      const found = readLaunchPolicy(opened.environment, opened.transport);
      if (!found) throw new Error('no launcher was configured');
      return found;
    }
    const request = (maximumRunners = 1) => {
      const time = Date.now();
      return { launchId: createIdentifier(time), time, queuedTasks: 1, liveRunners: 0, maximumRunners };
    };
    const jobs = async () => itemsOf(await cluster.request(`${NAMESPACE}/jobs`));

    /** A token of the launcher's account, in the file where the edge looks. */
    async function takeToken(): Promise<string> {
      const { body } = await cluster.request(`${ACCOUNTS}/rlcd-launcher/token`, {
        method: 'POST',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
      });
      const { status } = z.object({ status: z.object({ token: z.string() }) }).parse(body);
      writeFileSync(tokenFile, status.token);
      return status.token;
    }

    async function removeJobs(): Promise<void> {
      await cluster.request(`${NAMESPACE}/jobs?propagationPolicy=Background`, { method: 'DELETE' });
      await expect.poll(jobs).toEqual([]);
    }

    /** As the controller of a cluster does: a quota holds from the moment when it is known what was used. */
    async function countQuota(manifest: Manifest): Promise<void> {
      const { hard } = z.object({ hard: z.record(z.string(), z.string()) }).parse(manifest['spec']);
      const used: Record<string, string> = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
      used['count/jobs.batch'] = String((await jobs()).length);
      const answer = await cluster.request(`${pathOf(manifest)}/status`, {
        method: 'PATCH',
        mediaType: 'application/merge-patch+json',
        body: { status: { hard, used } },
      });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    }

    beforeAll(async () => {
      if (!programs) return;
      cluster = await startCluster(programs, folder);
      for (const manifest of ['namespace.yaml', 'launcher.yaml', 'runner.yaml'].flatMap(readManifests)) {
        const { status, body } = await apply(cluster, manifest);
        if (status > 201) throw new Error(`${pathOf(manifest)} was refused: ${JSON.stringify(body)}`);
      }
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      await cluster.request(ACCOUNTS, { method: 'POST', body: account });
      await takeToken();
    });

    beforeEach(async () => {
      await removeJobs();
      await countQuota(QUOTA);
    });

    afterAll(async () => {
      await cluster?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('takes the manifests as they are, once and again, and refuses broken ones before anything is written', async () => {
      for (const manifest of ['namespace.yaml', 'launcher.yaml', 'runner.yaml'].flatMap(readManifests)) {
        const before = await cluster.request(pathOf(manifest));
        const after = await apply(cluster, manifest);
        expect(after.status).toBe(200);
        expect(after.body['metadata']).toHaveProperty(
          'uid',
          (before.body['metadata'] as { uid: string }).uid,
        );
      }
      const before = await cluster.request(pathOf(CRON_JOB));
      for (const [from, to, word] of [
        ['"restartPolicy":"Never"', '"restartPolicy":"Always"', /restartPolicy/],
        ['"ttlSecondsAfterFinished"', '"ttlSecondsAfterFinish"', /ttlSecondsAfterFinish/],
        ['"0 0 1 1 *"', '"whenever"', /schedule/],
        ['"memory":"32Gi"', '"memory":"much"', /quantit/],
      ] as const) {
        const refused = await apply(cluster, changed(CRON_JOB, from, to), { dryRun: true });
        expect(refused.status, to).toBeGreaterThanOrEqual(400);
        expect(JSON.stringify(refused.body), to).toMatch(word);
      }
      expect((await cluster.request(pathOf(CRON_JOB))).body).toEqual(before.body);
    });

    it('lets the pod of the template in, and none that wants more of the machine', async () => {
      const { spec } = z
        .looseObject({
          spec: z.looseObject({
            jobTemplate: z.looseObject({
              spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({}) }) }),
            }),
          }),
        })
        .parse(CRON_JOB);
      const pod: Manifest = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'runner' },
        spec: spec.jobTemplate.spec.template.spec,
      };
      const post = async (body: Manifest) =>
        await cluster.request(`${PODS}?dryRun=All&fieldValidation=Strict`, { method: 'POST', body });
      expect(await post(pod)).toMatchObject({ status: 201 });
      for (const [from, to] of [
        ['"runAsNonRoot":true', '"runAsNonRoot":false'],
        ['"allowPrivilegeEscalation":false', '"allowPrivilegeEscalation":true'],
        ['"emptyDir":{}', '"hostPath":{"path":"/"}'],
      ] as const) {
        expect(await post(changed(pod, from, to)), to).toMatchObject({
          status: 403,
          body: { message: expect.stringContaining('violates PodSecurity "restricted') as string },
        });
      }
    });

    it('lets the launcher do the three things that it needs, and nothing else', async () => {
      const token = await takeToken();
      const { body } = await cluster.request('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
        method: 'POST',
        token,
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectRulesReview',
          spec: { namespace: 'rlcd' },
        },
      });
      const { status } = z
        .object({
          status: z.object({
            resourceRules: z.array(
              z.looseObject({ apiGroups: z.array(z.string()), resources: z.array(z.string()) }),
            ),
          }),
        })
        .parse(body);
      // Every account of every cluster may ask what it may.
      const own = status.resourceRules.filter(
        ({ apiGroups }) => !['authorization.k8s.io', 'authentication.k8s.io'].includes(apiGroups[0] ?? ''),
      );
      expect(own).toHaveLength(2);
      expect(own).toEqual(expect.arrayContaining(ROLE['rules'] as object[]));

      const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' }, spec: {} };
      for (const [method, place] of FORBIDDEN) {
        const asked = { method, token, ...(method === 'POST' || method === 'PATCH' ? { body: job } : {}) };
        const mediaType = method === 'PATCH' ? { mediaType: 'application/merge-patch+json' } : {};
        const answer = await cluster.request(place, { ...asked, ...mediaType });
        expect(statusOf(answer), `${method} ${place}`).toBe(403);
      }
      expect(statusOf(await cluster.request('/api', { token: 'no-token' }))).toBe(401);
    });

    it.each([
      ['get', 'cronjobs', 0],
      ['list', 'jobs', 1],
      ['create', 'jobs', 1],
    ])('cannot launch without the right to %s %s, and says what to apply', async (verb, resource, place) => {
      const token = await takeToken();
      const allows = async () => {
        const { body } = await cluster.request('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
          method: 'POST',
          token,
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: {
              resourceAttributes: {
                namespace: 'rlcd',
                group: 'batch',
                resource,
                verb,
                ...(resource === 'cronjobs' ? { name: 'rlcd-runner' } : {}),
              },
            },
          },
        });
        return z.object({ status: z.object({ allowed: z.boolean() }) }).parse(body).status.allowed;
      };
      const rules = (ROLE['rules'] as { verbs: string[] }[]).map((rule, index) =>
        Object.assign({}, rule, { verbs: rule.verbs.filter((one) => index !== place || one !== verb) }),
      );
      const granted = rules.filter(({ verbs }) => verbs.length > 0);
      try {
        expect(await apply(cluster, { ...ROLE, rules: granted })).toMatchObject({ status: 200 });
        await expect.poll(allows).toBe(false);
        const { outcome, reason } = await (await policy()).launcher.launch(request());
        expect(outcome).toBe('failed');
        expect(reason).toMatch(
          new RegExp(
            `^403: .*cannot ${verb} resource "${resource}".*apply deploy/kubernetes/launcher\\.yaml$`,
          ),
        );
        expect(await jobs()).toEqual([]);
      } finally {
        await apply(cluster, ROLE);
        await expect.poll(allows).toBe(true);
      }
    });

    it('makes the Job of the template, once for a launch', async () => {
      const { launcher } = await policy();
      const launch = request(2);
      const name = `rlcd-runner-${launch.launchId}`;
      const answers = await Promise.all(Array.from({ length: 4 }, async () => await launcher.launch(launch)));
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['launched']));
      const reasons = answers.map(({ reason }) => reason).sort();
      expect(new Set(reasons)).toEqual(new Set([`Job ${name}`, `Job ${name} was there already`]));
      expect(reasons.filter((reason) => reason === `Job ${name}`)).toHaveLength(1);

      const job = await cluster.request(`${NAMESPACE}/jobs/${name}`);
      expect(job.body).toMatchObject({
        metadata: {
          labels: { 'app.kubernetes.io/name': 'rlcd-runner', 'rlcd.dev/launched-by': 'edge' },
          annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
        },
        spec: { backoffLimit: 0, ttlSecondsAfterFinished: 600, completions: 1, parallelism: 1 },
      });
      // The template may be deleted and made anew: the runners under way are not its own.
      expect(job.body['metadata']).not.toHaveProperty('ownerReferences');
      const selected = await cluster.request(
        `${NAMESPACE}/jobs?labelSelector=${encodeURIComponent('rlcd.dev/launched-by=edge')}`,
      );
      expect(itemsOf(selected).map(({ metadata }) => metadata.name)).toEqual([name]);

      expect(job.body).toMatchObject({
        spec: {
          template: {
            metadata: { labels: { 'app.kubernetes.io/name': 'rlcd-runner', 'job-name': name } },
            spec: {
              automountServiceAccountToken: false,
              restartPolicy: 'Never',
              containers: [
                {
                  env: [
                    { name: 'RLCD_IDLE_SECONDS', value: '600' },
                    { name: 'RLCD_LAUNCH_ID', value: launch.launchId },
                  ],
                },
              ],
            },
          },
        },
      });
    });

    it('tells the edge which Job failed and why, and which was deleted, and waits before the next', async () => {
      const harness = await createHarness(async () => openNodeStore(stores));
      await seedWorld(harness);
      await harness.clients.client.createExperiment({ body: EXPERIMENT });
      const limits = { ...(await policy()), maximumRunners: 2, coolDownMilliseconds: 0 };
      const tick = async () => await reconcile(harness.database, limits, harness.dependencies.clock());
      const launched = await tick();
      expect(launched).toMatchObject({ outcome: 'launched', launcher: 'kubernetes-job' });
      const name = `rlcd-runner-${launched?.id}`;
      // What the controller writes of a Job whose pod failed.
      const at = new Date().toISOString().replace(/\.\d+/, '');
      const why = {
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
        lastTransitionTime: at,
      };
      const told = await cluster.request(`${NAMESPACE}/jobs/${name}/status`, {
        method: 'PATCH',
        mediaType: 'application/merge-patch+json',
        body: {
          status: {
            startTime: at,
            failed: 1,
            conditions: [
              { type: 'FailureTarget', ...why },
              { type: 'Failed', ...why },
            ],
          },
        },
      });
      expect(told.status, JSON.stringify(told.body)).toBe(200);
      const failures = async () =>
        (await harness.clients.client.listLaunches({ query: { outcome: 'failed' } })).items;
      expect((await tick())?.reason).toMatch(/^backing off for 5 s after 1 failed/);
      const [failure] = await failures();
      expect(failure?.id).toBe(launched?.id);
      expect(failure?.reason).toMatch(
        new RegExp(`^Job ${name} failed \\(BackoffLimitExceeded: .*\\); its pod's log tells more`),
      );
      harness.advance(5000);
      const next = await tick();
      expect(next?.outcome).toBe('launched');
      // Deleted by somebody, as `kubectl delete job` does.
      const removed = `${NAMESPACE}/jobs/rlcd-runner-${next?.id}`;
      await cluster.request(`${removed}?propagationPolicy=Background`, { method: 'DELETE' });
      await expect.poll(async () => statusOf(await cluster.request(removed))).toBe(404);
      harness.advance(10_000);
      const arrived = await tick();
      expect(arrived?.outcome).toBe('launched');
      expect((await failures())[0]?.reason).toBe(
        `Job rlcd-runner-${next?.id} is not there any more: it was deleted, or swept after its end`,
      );
      // Of one whose runner has come it is no failure, however its Job ends.
      await new TestRunner(harness, { launchId: arrived?.id }).claim();
      await cluster.request(`${NAMESPACE}/jobs/rlcd-runner-${arrived?.id}`, { method: 'DELETE' });
      harness.advance(10_000);
      await tick();
      expect(await failures()).toHaveLength(2);
      // A Job that has ended takes no place of the ones that are allowed.
      const names = (await jobs()).map(({ metadata }) => metadata.name);
      expect(names).toContain(name);
      expect(await limits.launcher.launch(request(names.length))).toMatchObject({ outcome: 'launched' });
    });

    it('starts no more than the edge allows, nor than the quota of the namespace', async () => {
      const { launcher } = await policy();
      expect(await launcher.launch(request())).toMatchObject({ outcome: 'launched' });
      expect(await launcher.launch(request())).toEqual({
        outcome: 'refused',
        reason: '1 Jobs have not ended, the most that are allowed',
      });
      const narrow = changed(QUOTA, '"count/jobs.batch":"8"', '"count/jobs.batch":"1"');
      try {
        await apply(cluster, narrow);
        await countQuota(narrow);
        expect(await launcher.launch(request(4))).toEqual({
          outcome: 'refused',
          reason: expect.stringMatching(/^403: .*exceeded quota: rlcd-runners/) as string,
        });
      } finally {
        await apply(cluster, QUOTA);
        await countQuota(QUOTA);
      }
      await expect.poll(async () => (await launcher.launch(request(8))).outcome).toBe('launched');
    });

    it('says what is wrong with the template: none, one that runs by itself, one of which no Job can be made', async () => {
      const { launcher } = await policy({ RLCD_KUBERNETES_CRON_JOB: 'rlcd-runner' });
      try {
        await apply(cluster, changed(CRON_JOB, '"suspend":true', '"suspend":false'));
        expect(await launcher.launch(request())).toMatchObject({
          outcome: 'failed',
          reason: expect.stringContaining('is not suspended') as string,
        });
        // A name that the launcher adds itself.
        const env = '{"name":"RLCD_IDLE_SECONDS","value":"600"}';
        const twice = changed(CRON_JOB, env, `${env},{"name":"RLCD_LAUNCH_ID","value":"mine"}`);
        expect(statusOf(await apply(cluster, twice))).toBe(200);
        const launch = request();
        expect(await launcher.launch(launch)).toMatchObject({ outcome: 'launched' });
        const job = await cluster.request(`${NAMESPACE}/jobs/rlcd-runner-${launch.launchId}`);
        const given = JSON.stringify(job.body['spec']).match(/"name":"RLCD_LAUNCH_ID","value":"[^"]*"/g);
        expect(given).toEqual([`"name":"RLCD_LAUNCH_ID","value":"${launch.launchId}"`]);
        await cluster.request(pathOf(CRON_JOB), { method: 'DELETE' });
        expect(await launcher.launch(request(4))).toEqual({
          outcome: 'failed',
          reason: '404: no CronJob rlcd-runner in namespace rlcd; apply deploy/kubernetes/runner.yaml',
        });
        // Runners under way go on without it.
        expect(await jobs()).toHaveLength(1);
      } finally {
        await cluster.request(pathOf(CRON_JOB), { method: 'DELETE' });
        await expect.poll(async () => statusOf(await apply(cluster, CRON_JOB))).toBe(201);
      }
    });

    it('says that a token is worth nothing once its account is deleted, and takes the new one at once', async () => {
      const { launcher } = await policy();
      await cluster.request(pathOf(ACCOUNT), { method: 'DELETE' });
      await expect
        .poll(async () => (await launcher.launch(request(0))).reason)
        .toBe('401: the API server does not know the token; make a new one');
      expect(statusOf(await apply(cluster, ACCOUNT))).toBe(201);
      await takeToken();
      await expect.poll(async () => (await launcher.launch(request())).outcome).toBe('launched');
    });

    it('takes the Job that KEDA makes of keda.yaml, and the figure is one that its reader finds', async () => {
      const scaled = z
        .looseObject({
          spec: z.looseObject({
            jobTargetRef: z.looseObject({}),
            triggers: z.array(z.looseObject({ metadata: z.record(z.string(), z.string()) })),
          }),
        })
        .parse(readManifest('keda.yaml', 'ScaledJob'));
      const job = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'rlcd-runner-x' },
        spec: scaled.spec.jobTargetRef,
      };
      const answer = await cluster.request(`${NAMESPACE}/jobs?dryRun=All&fieldValidation=Strict`, {
        method: 'POST',
        body: job,
      });
      expect(answer).toMatchObject({ status: 201 });

      const harness = await createHarness(async () => openNodeStore(stores));
      await seedWorld(harness);
      const read = async () => {
        const figures = await harness.fetch('/v1/metrics', { key: harness.secrets.client });
        expect(figures.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
        const name = scaled.spec.triggers[0]?.metadata['valueLocation'] ?? '';
        return execFileSync(programs?.['read-figure'] ?? '', [name], {
          input: await figures.text(),
          encoding: 'utf8',
        }).trim();
      };
      expect(await read()).toBe('0');
      await harness.clients.client.createExperiment({ body: EXPERIMENT });
      const waiting = (await harness.clients.client.listTasks({ query: { status: 'queued' } })).items;
      expect(waiting.length).toBeGreaterThan(0);
      expect(await read()).toBe(String(waiting.length));
      // What runs is wanted, too: KEDA takes its own Jobs off.
      await new TestRunner(harness).claim();
      expect(await read()).toBe(String(waiting.length));
    });
  },
);
