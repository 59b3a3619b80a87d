/**
 * A Kubernetes API server on this machine, over etcd and with RBAC. There are no controllers and no nodes: what these would
 * write (the status of a Job, what a quota is at, an account of the namespace) is written by the tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openClusterTransport } from '../../edge/hosts/cluster-transport.ts';
import { freePort } from '../../scripts/processes/free-port.ts';
import type { Programs } from './programs.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const AUTHORITY_FILE = fixture('authority.pem');
const READY_MILLISECONDS = 300_000;
const POLL_MILLISECONDS = 200;

/** An answer of the API server. */
export interface Answer {
  readonly status: number;
  /** Its document. */
  readonly body: Record<string, unknown>;
}

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Whose request it is; the administrator's where it is left out. */
  readonly token?: string;
  readonly body?: unknown;
  readonly mediaType?: string;
}

export interface Cluster {
  /** `https://127.0.0.1:40123`. */
  readonly url: string;
  readonly authorityFile: string;
  request(path: string, asked?: Asked): Promise<Answer>;
  stop(): Promise<void>;
}

interface Process {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
}

function start(programs: Programs, name: keyof Programs, folder: string, words: readonly string[]): Process {
  const logFile = path.join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(programs[name], words, { stdio: ['ignore', log, log] });
  closeSync(log);
  // A run that is broken off leaves no control plane behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return { name, child, logFile };
}

async function stop({ child }: Process): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** @throws Error with the end of its log where the process ends, or is not ready in five minutes */
async function untilReady({ name, child, logFile }: Process, isReady: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + READY_MILLISECONDS;
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > end) {
      const tail = readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n');
      throw new Error(`${name} did not become ready; the end of its log:\n${tail}`);
    }
    await pause(POLL_MILLISECONDS);
  }
}

/** @param folder holds everything that it writes */
export async function startCluster(programs: Programs, folder: string): Promise<Cluster> {
  const file = (name: string, text: string) => {
    const place = path.join(folder, name);
    writeFileSync(place, text, { mode: 0o600 });
    return place;
  };
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  const administrator = randomBytes(32).toString('hex');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const signingKey = file('service-account.key', privateKey);
  const authority = readFileSync(AUTHORITY_FILE, 'utf8');
  const { transport } = await openClusterTransport({});
  const send = transport.trusting?.(authority);
  if (!send) throw new Error('this host can trust no authority of a cluster');

  const request = async (
    place: string,
    { method = 'GET', token = administrator, body, mediaType = 'application/json' }: Asked = {},
  ): Promise<Answer> => {
    const answer = await send(
      new Request(`${url}${place}`, {
        method,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': mediaType },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const text = await answer.text();
    const isDocument = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: answer.status,
      body: isDocument ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  };

  const processes: Process[] = [];
  const stopAll = async () => {
    for (const one of processes.toReversed()) await stop(one);
  };
  const begin = async (
    name: keyof Programs,
    words: readonly string[],
    isReady: (started: Process) => Promise<boolean>,
  ) => {
    const started = start(programs, name, folder, words);
    processes.push(started);
    await untilReady(started, async () => await isReady(started));
  };
  try {
    await begin(
      'etcd',
      [
        `--data-dir=${path.join(folder, 'etcd')}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        '--unsafe-no-fsync',
      ],
      async () => (await fetch(`${etcdUrl}/health`)).ok,
    );
    await begin(
      'kube-apiserver',
      [
        `--etcd-servers=${etcdUrl}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${path.join(folder, 'certificates')}`,
        `--tls-cert-file=${fixture('server.pem')}`,
        `--tls-private-key-file=${fixture('server-key.pem')}`,
        '--authorization-mode=RBAC',
        `--token-auth-file=${file('tokens.csv', `${administrator},administrator,1,system:masters\n`)}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${file('service-account.pub', publicKey)}`,
        `--service-account-signing-key-file=${signingKey}`,
        '--service-cluster-ip-range=10.0.0.0/24',
        '--endpoint-reconciler-type=none',
      ],
      async () => (await request('/readyz')).status === 200,
    );
  } catch (error) {
    await stopAll();
    throw error;
  }
  return { url, authorityFile: AUTHORITY_FILE, request, stop: stopAll };
}
