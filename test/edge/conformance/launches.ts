/** Conformance of launching: limits, cool-down and back-off of every launcher, and what each asks of whom. */
import { createHmac, randomUUID } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { createKubernetesLauncher } from '../../../edge/orchestration/launch/kubernetes.ts';
import type { Launcher, LaunchPolicy, LaunchRequest } from '../../../edge/orchestration/launch/launcher.ts';
import { reconcile } from '../../../edge/orchestration/launch/reconcile.ts';
import { createWebhookLauncher } from '../../../edge/orchestration/launch/webhook.ts';
import { failLaunch } from '../../../edge/store/launches.ts';
import { runners } from '../../../edge/store/schema/index.ts';
import type { Harness } from '../harness.ts';
import { ApiServer, status, TOKEN } from '../orchestration/launch/api-server.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const START_MILLISECONDS = 300_000;

/** Launches nothing, and keeps what it was asked for. */
const tellingLauncher = (asked: LaunchRequest[]): Launcher => ({
  name: 'dry-run',
  async launch(request) {
    asked.push(request);
    return { outcome: 'launched', reason: 'asked' };
  },
});

export function launchesConformance(start: () => Promise<Harness>): void {
  /** An edge with four tasks waiting. */
  async function begin(launcher: Launcher, limits: Partial<LaunchPolicy> = {}) {
    const harness = await start();
    await seedWorld(harness);
    await harness.clients.client.createExperiment({ body: EXPERIMENT });
    const policy: LaunchPolicy = {
      launcher,
      maximumRunners: 2,
      coolDownMilliseconds: 0,
      startMilliseconds: START_MILLISECONDS,
      ...limits,
    };
    const tick = async () => await reconcile(harness.database, policy, harness.dependencies.clock());
    return { harness, client: harness.clients.client, tick };
  }

  function kubernetes() {
    const server = new ApiServer();
    const pauses: number[] = [];
    const launcher = createKubernetesLauncher({
      url: 'https://cluster.test:6443',
      namespace: 'rlcd',
      cronJob: 'rlcd-runner',
      token: async () => TOKEN,
      send: async (request) => await server.handle(request),
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
      },
    });
    return { server, launcher, pauses };
  }

  it('launches while work waits: at most N, with a cool-down, and says why not', async () => {
    const asked: LaunchRequest[] = [];
    const launcher = tellingLauncher(asked);
    const { harness, client, tick } = await begin(launcher, { coolDownMilliseconds: 10_000 });
    const both = await Promise.all([tick(), tick()]);
    expect(both.filter((launch) => launch !== undefined)).toHaveLength(1);
    expect((await tick())?.reason).toBe('cooling down for 10 s after a launch');
    await tick();
    harness.advance(10_000);
    expect((await tick())?.outcome).toBe('launched');
    harness.advance(10_000);
    expect((await tick())?.reason).toMatch(/^2 runners are alive or starting/);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({ maximumRunners: 2 });
    const { items } = await client.listLaunches();
    expect(items.map(({ outcome }) => outcome)).toEqual(['skipped', 'launched', 'skipped', 'launched']);
    await expect(harness.clients.admin.launchRunner()).rejects.toMatchObject({ problem: { status: 409 } });
  });

  it('knows the runner that it launched, and counts one that comes late or by itself only once', async () => {
    const asked: LaunchRequest[] = [];
    const launcher = tellingLauncher(asked);
    const { harness, client, tick } = await begin(launcher);
    await tick();
    // It has come: one alive, none starting, so there is room for a second one, which takes longer.
    harness.advance(60_000);
    await new TestRunner(harness, { launchId: asked[0]?.launchId }).claim();
    await tick();
    expect(asked).toHaveLength(2);
    expect((await client.listLaunches()).items.map(({ arrivedAt }) => arrivedAt !== null)).toEqual([
      false,
      true,
    ]);
    // A runner started by hand is not the one that was launched.
    harness.advance(1000);
    await new TestRunner(harness).claim();
    expect((await tick())?.reason).toMatch(/^2 runners are alive or starting/);
    // The launched one never comes, and the others are silent: it is given up in the end, not before.
    harness.advance(START_MILLISECONDS - 2000);
    await tick();
    expect(asked).toHaveLength(3);
    harness.advance(2000);
    await tick();
    expect(asked).toHaveLength(4);
  });

  it('holds the next one back where the one before ended soon after its first claim, longer each time', async () => {
    const asked: LaunchRequest[] = [];
    const { harness, tick } = await begin(tellingLauncher(asked));
    for (const [seconds, word] of [
      [5, '1'],
      [10, '2'],
    ] as const) {
      expect((await tick())?.outcome).toBe('launched');
      const launchId = asked.at(-1)?.launchId ?? '';
      await new TestRunner(harness, { launchId }).claim();
      const now = harness.dependencies.clock();
      // One that had worked for longer is no failure of its launch.
      await failLaunch(harness.database, launchId, 'ended', now);
      await failLaunch(harness.database, launchId, 'ended', now - START_MILLISECONDS);
      // The runner is not heard any more.
      await harness.database.update(runners).set({ seenAt: 0 });
      expect((await tick())?.reason).toBe(`backing off for ${seconds} s after ${word} failed launches`);
      harness.advance(seconds * 1000);
    }
    expect((await tick())?.outcome).toBe('launched');
  });

  it('takes nothing a stranger says for the arrival of the runner that it launched', async () => {
    const asked: LaunchRequest[] = [];
    const launcher = tellingLauncher(asked);
    const { harness, client, tick } = await begin(launcher);
    await tick();
    const known = new TestRunner(harness);
    await known.claim();
    const other = await harness.clients.admin.createKey({ body: { name: 'other', scopes: ['runner'] } });
    const description = { name: 'x', engineVersion: '1', device: {}, launchId: asked[0]?.launchId };
    const refused = await harness.fetch('/v1/tasks/claim', {
      method: 'POST',
      key: other.secret ?? '',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ claimId: randomUUID(), runner: { id: known.id, ...description } }),
    });
    expect(refused.status).toBe(403);
    expect((await client.listLaunches()).items.map(({ arrivedAt }) => arrivedAt)).toEqual([null]);
  });

  it('signs the webhook so that another program can check it, and backs off when it fails', async () => {
    const secret = randomUUID();
    let answer = 500;
    const sent: { body: string; timestamp: string | null; signature: string | null }[] = [];
    const launcher = createWebhookLauncher({
      url: 'https://launcher.test/runners',
      secret,
      send: async (request) => {
        const { headers } = request;
        sent.push({
          body: await request.text(),
          timestamp: headers.get('x-rlcd-timestamp'),
          signature: headers.get('x-rlcd-signature'),
        });
        return new Response('answer', { status: answer });
      },
    });
    const { harness, tick } = await begin(launcher, { maximumRunners: 5 });
    expect(await tick()).toMatchObject({ outcome: 'failed', reason: 'answered 500' });
    expect((await tick())?.reason).toBe('backing off for 5 s after 1 failed launches');
    harness.advance(5000);
    expect((await tick())?.outcome).toBe('failed');
    expect((await tick())?.reason).toBe('backing off for 10 s after 2 failed launches');
    harness.advance(10_000);
    answer = 202;
    expect((await tick())?.outcome).toBe('launched');
    expect(sent).toHaveLength(3);
    for (const { body, timestamp, signature } of sent) {
      const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
      expect(signature).toBe(`v1=${expected}`);
      const document = JSON.parse(body) as { launchId: string; time: number };
      expect(Math.floor(document.time / 1000)).toBe(Number(timestamp));
    }
    expect(new Set(sent.map(({ body }) => (JSON.parse(body) as LaunchRequest).launchId)).size).toBe(3);
  });

  it('makes one Kubernetes Job for each launch, which tells its runner the launch', async () => {
    const { server, launcher } = kubernetes();
    const { client, tick } = await begin(launcher);
    expect(await tick()).toMatchObject({ outcome: 'launched', launcher: 'kubernetes-job' });
    const [launch] = (await client.listLaunches()).items;
    expect([...server.jobs.keys()]).toEqual([`rlcd-runner-${launch?.id}`]);
    const [job] = server.jobs.values();
    expect(job?.spec.template.spec.containers[0]).toMatchObject({
      image: 'registry.example/rlcd-runner:0.1.0',
      env: [
        { name: 'RLCD_IDLE_SECONDS', value: '600' },
        { name: 'RLCD_LAUNCH_ID', value: launch?.id },
      ],
      resources: { limits: { 'nvidia.com/gpu': '1' } },
    });
    expect(server.seen).toEqual(['GET cronjobs/rlcd-runner', 'GET jobs', 'POST jobs']);
  });

  it('asks for no Job more than N, even for those of which the edge has given up hearing', async () => {
    const { server, launcher } = kubernetes();
    server.pageSize = 1;
    const { harness, tick } = await begin(launcher);
    await tick();
    await tick();
    expect(server.jobs.size).toBe(2);
    // No node for an hour: the edge would launch again, the cluster still holds both Jobs.
    harness.advance(3_600_000);
    expect(await tick()).toMatchObject({
      outcome: 'refused',
      reason: '2 Jobs have not ended, the most that are allowed',
    });
    expect((await tick())?.reason).toBe('backing off for 5 s after 1 failed launches');
    const [first = ''] = server.jobs.keys();
    server.finish(first, 'Failed');
    harness.advance(5000);
    expect((await tick())?.outcome).toBe('launched');
    expect(server.jobs.size).toBe(3);
  });

  it('takes a launch for failed as soon as its Job has ended or is gone, and tries again after a pause', async () => {
    const { server, launcher } = kubernetes();
    const { harness, client, tick } = await begin(launcher, { maximumRunners: 1 });
    const jobOf = (launch: { readonly id: string } | undefined) => `rlcd-runner-${launch?.id}`;
    const failed = await tick();
    server.finish(jobOf(failed), 'Failed', { reason: 'BackoffLimitExceeded', message: 'reached its limit' });
    expect((await tick())?.reason).toBe('backing off for 5 s after 1 failed launches');
    expect((await client.listLaunches({ query: { outcome: 'failed' } })).items).toMatchObject([
      {
        id: failed?.id,
        reason: `Job ${jobOf(failed)} failed (BackoffLimitExceeded: reached its limit); its pod's log tells more: kubectl logs job/${jobOf(failed)}`,
      },
    ]);
    harness.advance(5000);
    const gone = await tick();
    expect(gone?.outcome).toBe('launched');
    // While it is not known, it is waited for.
    const broken = { kind: 'answer', response: () => status(500, 'InternalError', 'etcd is away') } as const;
    server.faults.push(broken, broken, broken);
    server.jobs.delete(jobOf(gone));
    harness.advance(10_000);
    const logged = vi.spyOn(console, 'error').mockReturnValue();
    await tick();
    expect(logged.mock.calls).toEqual([[expect.stringContaining('etcd is away') as string]]);
    logged.mockRestore();
    // Nor is the cluster asked every second.
    const asked = server.seen.length;
    await tick();
    expect(server.seen).toHaveLength(asked);
    harness.advance(10_000);
    const arrived = await tick();
    expect(arrived?.outcome).toBe('launched');
    const failures = (await client.listLaunches({ query: { outcome: 'failed' } })).items;
    expect(failures.map(({ reason }) => reason)[0]).toBe(
      `Job ${jobOf(gone)} is not there any more: it was deleted, or swept after its end`,
    );
    // One whose runner has come is the runner's: that its Job ends is no failure.
    await new TestRunner(harness, { launchId: arrived?.id }).claim();
    server.jobs.delete(jobOf(arrived));
    harness.advance(10_000);
    await tick();
    expect((await client.listLaunches({ query: { outcome: 'failed' } })).items).toHaveLength(2);
  });

  it('makes a Job once where the answer was lost, and waits as long as it is told', async () => {
    const { server, launcher, pauses } = kubernetes();
    const { tick } = await begin(launcher);
    server.faults.push(
      { kind: 'answer', response: () => status(429, 'TooManyRequests', 'busy', { 'retry-after': '2' }) },
      undefined,
      { kind: 'answer', response: () => new Response('<html>Bad Gateway</html>', { status: 502 }) },
      undefined,
      { kind: 'lose-answer' },
    );
    expect(await tick()).toMatchObject({
      outcome: 'launched',
      reason: expect.stringMatching(/^Job rlcd-runner-.* was there already$/) as string,
    });
    expect(server.jobs.size).toBe(1);
    // What the server asks for is kept to the millisecond; its own pauses are between half of 500 ms and all of it.
    expect(pauses).toHaveLength(3);
    const [asked, ...own] = pauses;
    expect(asked).toBe(2000);
    expect(Math.min(...own)).toBeGreaterThanOrEqual(250);
    expect(Math.max(...own)).toBeLessThanOrEqual(500);
  });

  it.each([
    [
      'a long wait is asked for',
      (server: ApiServer) =>
        server.faults.push({
          kind: 'answer',
          response: () => status(429, 'TooManyRequests', 'please try again later', { 'retry-after': '60' }),
        }),
      { outcome: 'refused', reason: '429: please try again later' },
    ],
    [
      'the quota is used up',
      (server: ApiServer) => {
        server.quota = 0;
      },
      { outcome: 'refused', reason: expect.stringContaining('exceeded quota: rlcd-runners') as string },
    ],
    [
      'the role is not bound',
      (server: ApiServer) => {
        server.rules = [];
      },
      {
        outcome: 'failed',
        reason: expect.stringMatching(
          /^403: .*cannot get resource.*apply deploy\/kubernetes\/launcher\.yaml/,
        ) as string,
      },
    ],
    [
      'there is no template',
      (server: ApiServer) => {
        server.cronJob = undefined;
      },
      {
        outcome: 'failed',
        reason: '404: no CronJob rlcd-runner in namespace rlcd; apply deploy/kubernetes/runner.yaml',
      },
    ],
    [
      'the template would run by itself',
      (server: ApiServer) => {
        server.cronJob = JSON.parse(
          JSON.stringify(server.cronJob).replace('"suspend":true', '"suspend":false'),
        ) as object;
      },
      { outcome: 'failed', reason: expect.stringContaining('is not suspended') as string },
    ],
    [
      'the template is no template',
      (server: ApiServer) => {
        server.cronJob = {
          spec: { suspend: true, jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
        };
      },
      { outcome: 'failed', reason: expect.stringContaining('containers') as string },
    ],
    [
      'the Job is refused as invalid',
      (server: ApiServer) => {
        server.cronJob = JSON.parse(JSON.stringify(server.cronJob).replace('"Never"', '"Always"')) as object;
      },
      { outcome: 'failed', reason: expect.stringMatching(/^422 Invalid: .*restartPolicy/) as string },
    ],
    [
      'no answer comes, three times',
      (server: ApiServer) => {
        const fault = { kind: 'lose-answer' } as const;
        server.faults.push(fault, fault, fault);
      },
      { outcome: 'failed', reason: 'no answer: fetch failed: socket hang up' },
    ],
    [
      'the server is broken, three times',
      (server: ApiServer) => {
        const fault = {
          kind: 'answer',
          response: () => status(500, 'InternalError', 'etcd is away'),
        } as const;
        server.faults.push(fault, fault, fault);
      },
      { outcome: 'failed', reason: '500 InternalError: etcd is away' },
    ],
    [
      'it is sent elsewhere with its token',
      (server: ApiServer) =>
        server.faults.push({
          kind: 'answer',
          response: () =>
            new Response(null, { status: 307, headers: { location: 'https://elsewhere.test/' } }),
        }),
      { outcome: 'failed', reason: expect.stringMatching(/^307 /) as string },
    ],
  ])('says what the cluster said where %s, and backs off', async (_, spoil, expected) => {
    const { server, launcher } = kubernetes();
    const { client, tick } = await begin(launcher);
    spoil(server);
    expect(await tick()).toMatchObject(expected);
    expect(server.jobs.size).toBe(0);
    expect((await tick())?.reason).toBe('backing off for 5 s after 1 failed launches');
    expect((await client.listLaunches()).items.map(({ outcome }) => outcome)).toEqual([
      'skipped',
      expected.outcome,
    ]);
  });
}
