/** The Kubernetes launcher as the Node host runs it: HTTPS with the cluster's authority, under the shipped manifests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { openClusterTransport } from '../../../../edge/hosts/cluster-transport.ts';
import { readLaunchPolicy } from '../../../../edge/orchestration/launch/configuration.ts';
import { createKubernetesLauncher } from '../../../../edge/orchestration/launch/kubernetes.ts';
import { createIdentifier } from '../../../../edge/store/identifier.ts';
import { ApiServer, LAUNCHER_RULES, status, TOKEN } from './api-server.ts';

const fixture = (name: string) => new URL(`../../../fixtures/tls/${name}`, import.meta.url).pathname;
const manifest = (name: string) =>
  readFileSync(new URL(`../../../../deploy/kubernetes/${name}`, import.meta.url), 'utf8');

type Rules = typeof LAUNCHER_RULES;
/** The rules of the Role that the file grants. */
function grantedRules(): Rules {
  const documents = parseAllDocuments(manifest('launcher.yaml')).map(
    (one) => one.toJS() as { kind: string; rules?: Rules },
  );
  return documents.find(({ kind }) => kind === 'Role')?.rules ?? [];
}

const folder = mkdtempSync(join(tmpdir(), 'rlcd-cluster-'));
const tokenFile = join(folder, 'token');
let cluster: ApiServer;
let answer = async (request: Request): Promise<Response> => await cluster.handle(request);
const server = createAdaptorServer({
  fetch: async (request) => await answer(request),
  createServer,
  serverOptions: { key: readFileSync(fixture('server-key.pem')), cert: readFileSync(fixture('server.pem')) },
});
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  cluster = new ApiServer();
  cluster.rules = grantedRules();
  cluster.cronJob = parse(manifest('runner.yaml')) as object;
  answer = async (request) => await cluster.handle(request);
  writeFileSync(tokenFile, `${TOKEN}\n`);
});

afterAll(() => {
  if ('closeAllConnections' in server) server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function policy(authority: string | undefined) {
  const { environment, transport } = await openClusterTransport({
    RLCD_KUBERNETES_URL: `${url}/`,
    RLCD_KUBERNETES_TOKEN_FILE: tokenFile,
    ...(authority === undefined ? {} : { RLCD_KUBERNETES_CA_FILE: fixture(authority) }),
  });
  const found = readLaunchPolicy(environment, transport);
  if (!found) throw new Error('no launcher was configured');
  return found;
}

const request = () => ({
  launchId: createIdentifier(Date.now()),
  time: Date.now(),
  queuedTasks: 1,
  liveRunners: 0,
  maximumRunners: 1,
});

describe('the Kubernetes launcher over HTTPS', () => {
  it('makes a Job from the shipped template with the shipped role and the mounted token', async () => {
    const { launcher, maximumRunners, startMilliseconds } = await policy('authority.pem');
    expect([maximumRunners, startMilliseconds]).toEqual([1, 900_000]);
    expect(await launcher.launch(request())).toMatchObject({ outcome: 'launched' });
    const [job] = cluster.jobs.values();
    expect(job?.spec.template.spec.containers[0]?.env?.map(({ name }) => name)).toEqual([
      'RLCD_IDLE_SECONDS',
      'RLCD_LAUNCH_ID',
    ]);
    expect(await launcher.launch(request())).toMatchObject({ outcome: 'refused' });
  });

  it('reads the token anew for every launch, for the cluster replaces it', async () => {
    const { launcher } = await policy('authority.pem');
    writeFileSync(tokenFile, 'expired');
    expect(await launcher.launch(request())).toEqual({
      outcome: 'failed',
      reason: '401: the API server does not know the token; make a new one',
    });
    writeFileSync(tokenFile, TOKEN);
    expect(await launcher.launch(request())).toMatchObject({ outcome: 'launched' });
  });

  it.each([
    ['another authority', 'other-authority.pem'],
    ['public ones alone', undefined],
  ])('sends its token to nobody whom %s vouch for', async (_, authority) => {
    const { launcher } = await policy(authority);
    const { outcome, reason } = await launcher.launch(request());
    expect(outcome).toBe('failed');
    expect(reason).toMatch(/^no answer: .*certificate/);
    expect(cluster.seen).toEqual([]);
  });

  it('gives up a server that says nothing, and says so', async () => {
    answer = async () => await new Promise(() => {});
    const { transport } = await openClusterTransport({});
    const launcher = createKubernetesLauncher({
      url,
      namespace: 'rlcd',
      cronJob: 'rlcd-runner',
      token: async () => TOKEN,
      callMilliseconds: 50,
      pause: async () => {},
      ...(transport.trusting && { send: transport.trusting(readFileSync(fixture('authority.pem'), 'utf8')) }),
    });
    const { outcome, reason } = await launcher.launch(request());
    expect(outcome).toBe('failed');
    expect(reason).toBe('no answer: nothing came back within 0.05 s');
  });

  it('waits out a Retry-After of its own accord', async () => {
    cluster.faults.push({
      kind: 'answer',
      response: () => status(429, 'TooManyRequests', 'slow down', { 'retry-after': '0' }),
    });
    const { launcher } = await policy('authority.pem');
    expect(await launcher.launch(request())).toMatchObject({ outcome: 'launched' });
  });

  it('needs every verb that the shipped role grants, and no other', async () => {
    const { launcher } = await policy('authority.pem');
    const verbs = grantedRules().flatMap((rule, index) => rule.verbs.map((verb) => ({ index, verb })));
    expect(verbs).toHaveLength(3);
    for (const { index, verb } of verbs) {
      cluster.rules = grantedRules().map((rule, place) =>
        Object.assign(rule, { verbs: rule.verbs.filter((one) => place !== index || one !== verb) }),
      );
      expect(await launcher.launch(request()), verb).toMatchObject({ outcome: 'failed' });
    }
    expect(cluster.jobs.size).toBe(0);
    expect(grantedRules()).toEqual(LAUNCHER_RULES);
  });
});
