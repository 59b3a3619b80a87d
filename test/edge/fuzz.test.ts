/**
 * The fuzzer: generated requests over every operation. Never a 5xx, no answer that the OpenAPI document does not tell,
 * always a problem document, and no write by a request that is refused: a second connection sees whether any
 * transaction with a change was committed.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { FileBlobs } from '../../edge/hosts/file-blobs.ts';
import { migrate } from '../../edge/hosts/migrate-node.ts';
import { readScoringKernel } from '../../edge/hosts/node.ts';
import { NodeDatabase } from '../../edge/hosts/node-database.ts';
import type { LaunchPolicy } from '../../edge/orchestration/launch/launcher.ts';
import { openDatabase } from '../../edge/store/database.ts';
import { completionEndpoints } from '../../shared/api/completions.ts';
import { contract } from '../../shared/api/contract.ts';
import { problem } from '../../shared/api/problem.ts';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { BOOTSTRAP_KEY, createHarness, type Harness } from './harness.ts';
import { generateRequests, MODE_NAMES, type FuzzRequest, type Pool } from './fuzzing/requests.ts';
import { taskPuts } from '../../edge/store/schema/index.ts';
import { readDocumented } from './fuzzing/documented.ts';
import { startServingRunner } from './fuzzing/serving-runner.ts';
import { createFolder } from './node-store.ts';
import { TestRunner } from './runner.ts';
import { madeScorer } from './scoring/made-scorer.ts';
import { publishScorer } from './scoring/publish-scorer.ts';
import { BASE_MODEL, EXPERIMENT, PRINCIPLE, PROMPT_SET } from './seed.ts';
import { populate } from './store/populate.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const REQUESTS = 20_400;
/** Fields of completions that only take a value which changes nothing: with others, nearly all would be refused. */
const NEUTRAL = [
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'top_logprobs',
  'tools',
  'tool_choice',
  'response_format',
  'echo',
  'suffix',
  'best_of',
  'include_obfuscation',
];
/** What writes bytes notes it beforehand. */
const WRITING = new Set(['putArtifact', 'completeUpload']);
/** Tasks under lease at the start of a round. */
const LEASES = 8;
/** Each round starts from a fresh store, because requests delete, cancel and revoke. */
const ROUNDS = 6;

/** Whatever it is asked for, it says that it has launched it. */
const LAUNCH: LaunchPolicy = {
  launcher: { name: 'fuzz', launch: async () => ({ outcome: 'launched', reason: 'asked' }) },
  maximumRunners: 1000,
  coolDownMilliseconds: 0,
  startMilliseconds: 60_000,
};

async function openRound(folder: string, round: number) {
  const path = join(folder, `round-${round}.sqlite`);
  const client = new NodeDatabase(path);
  client.exec('PRAGMA synchronous = OFF');
  migrate(client);
  const harness = await createHarness(async () => ({
    database: openDatabase(client as unknown as D1Database),
    blobs: new FileBlobs(join(folder, `blobs-${round}`)),
    scoringKernel: readScoringKernel(),
    launch: LAUNCH,
  }));
  const pool = await fillPool(harness);
  harness.advance(Date.now() - harness.dependencies.clock());
  const { clients, secrets } = harness;
  const serving = await startServingRunner(clients.runner, secrets.runner, join(folder, `served-${round}`));
  // When a key was last used is written once a minute, whatever it is used for; the clock stands still from here on.
  for (const key of Object.values(harness.secrets)) await harness.fetch('/v1/key', { key });
  const watcher = new DatabaseSync(path);
  const version = watcher.prepare('PRAGMA data_version');
  const notes = watcher.prepare('SELECT count(*) AS count FROM unused_blobs');
  return {
    harness,
    documented: await readDocumented(harness),
    pool,
    /** Changes with every committed transaction that changed something. */
    version: () => Number(version.get()?.['data_version']),
    /** Notes of bytes whose writing has begun: they stand before the last byte is known to be right, and are collected. */
    notes: () => Number(notes.get()?.['count']),
    close: async () => {
      await serving.close();
      watcher.close();
      client.close();
    },
  };
}

/** What exists, by the names that fields and path parameters have. */
async function fillPool(harness: Harness): Promise<Pool> {
  const existing = await populate(harness);
  await publishScorer(harness, madeScorer({ hugged: 100, yelled: -100 }), 21);
  const { items: scorers } = await harness.clients.client.listScorers({ query: {} });
  const runner = new TestRunner(harness);
  const [made, leased]: [string[], string[]] = [[], []];
  // Several, since requests also fail, complete, cancel and delete them.
  for (let experiment = 0; experiment < LEASES; experiment++) {
    const body = { ...EXPERIMENT, seed: 100 + experiment };
    made.push((await harness.clients.client.createExperiment({ body })).id);
    // A runner holds one lease at a time.
    const taskId = (await new TestRunner(harness).claim())?.id ?? '';
    leased.push(taskId);
    // Its own to name as a checkpoint.
    await harness.database.insert(taskPuts).values({ taskId, sha256: String(existing['sha256']) });
  }
  const keys = [];
  for (const name of ['one', 'two']) {
    keys.push(await harness.clients.admin.createKey({ body: { name, scopes: ['client'] } }));
  }
  const upload = { sha256: '0'.repeat(64), bytes: 1, kind: 'report' as const };
  const uploads = [await harness.clients.client.createUpload({ body: upload })];
  const whole = new TextEncoder().encode('whole');
  const sha256 = createHash('sha256').update(whole).digest('hex');
  const complete = await harness.clients.client.createUpload({
    body: { ...upload, sha256, bytes: whole.length },
  });
  await harness.clients.client.putUploadPart({
    parameters: { uploadId: complete.id, partNumber: '1' },
    body: new Blob([whole]),
  });
  const { items: candidates } = await harness.clients.client.listComparisons({
    parameters: { experimentId: existing['experimentId'] ?? '' },
  });
  const device = { processor: 'fuzz' };
  return {
    ...Object.fromEntries(Object.entries(existing).map(([name, value]) => [name, [value]])),
    principleVersion: ['1', '2'],
    from: ['1'],
    to: ['2'],
    // An experiment names a version of it, a score the name alone.
    principle: [{ name: PRINCIPLE, version: 1 }, PRINCIPLE],
    version: [1, 2],
    scorer: scorers.map(({ id }) => id),
    // One that an experiment uses, and one that can go.
    principleName: [PRINCIPLE, 'calm'],
    principleLabel: ['production', 'staging'],
    scorerLabel: ['production', 'latest'],
    scorerId: scorers.map(({ id }) => id),
    promptSet: [PROMPT_SET],
    baseModel: [BASE_MODEL],
    // Asked for completions: a base, and an adapter that only some experiments have.
    model: [BASE_MODEL, `${existing['experimentId'] ?? ''}/adapter`],
    ...Object.fromEntries(NEUTRAL.map((name) => [name, [null]])),
    hyperparameters: [EXPERIMENT.hyperparameters, {}],
    shards: [1, 2],
    seed: [7, 8, 9, 10],
    experimentId: [existing['experimentId'] ?? '', ...made],
    taskId: [...leased, existing['taskId'] ?? ''],
    epoch: [1],
    sequence: [1, 2, 3],
    uploadId: [...uploads, complete].map(({ id }) => id),
    partNumber: ['1', '2'],
    keyId: keys.map(({ id }) => id),
    candidateId: candidates.map(({ candidateId }) => candidateId),
    runner: [{ id: runner.id, name: 'fuzz', engineVersion: ENGINE_VERSION, device }],
    limit: ['1', '50'],
    cursor: ['x'],
    rule: ['hash', 'field'],
    train: ['1'],
    dev: ['0'],
    test: ['0'],
  };
}

type Documented = Awaited<ReturnType<typeof readDocumented>>;

async function send({ fetch, secrets }: Harness, request: FuzzRequest): Promise<Response> {
  const { method, path, headers, scope, body } = request;
  const bodied = body !== undefined && method !== 'GET' && method !== 'HEAD' ? { body } : {};
  const key = scope === 'admin' ? BOOTSTRAP_KEY : scope && secrets[scope];
  const keyed = key === undefined || 'authorization' in headers ? {} : { key };
  return await fetch(path, { method, headers, ...bodied, ...keyed });
}

/** What is wrong with an answer; undefined: nothing. */
async function faultOf(
  response: Response,
  { method, mode, operation }: FuzzRequest,
  { wrote, documented }: { wrote: boolean; documented: Documented },
): Promise<string | undefined> {
  const { status, headers } = response;
  if (status < 400) {
    await response.body?.cancel();
    // With another method or in another place it was another operation, which has its turn.
    return mode === 'wrong-method' || mode === 'path' ? undefined : documented(operation, response);
  }
  if (status >= 500) return `${status}: ${await response.text()}`;
  if (wrote) return `${status}, and the store changed`;
  if (headers.get('content-type') !== 'application/problem+json') return `${headers.get('content-type')}`;
  const text = await response.text();
  if (method === 'HEAD') return text === '' ? undefined : 'a HEAD with a body';
  const document = problem.strict().safeParse(JSON.parse(text));
  if (!document.success) return `no problem document: ${text}`;
  return document.data.status === status ? undefined : 'the document names another status';
}

it(`survives ${REQUESTS} generated requests over every operation`, async () => {
  const folder = createFolder();
  const byMode = Object.fromEntries(MODE_NAMES.map((mode) => [mode, 0])) as Record<string, number>;
  const byStatus: Record<string, number> = {};
  const accepted = new Set<string>();
  const refused = new Set<string>();
  const faults: string[] = [];
  let sent = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { harness, documented, pool, version, notes, close } = await openRound(folder, round);
    for (const request of generateRequests(SEED + 1000 * round, REQUESTS / ROUNDS, pool)) {
      const [before, noted] = [version(), notes()];
      const response = await send(harness, request);
      const isNote = WRITING.has(request.operation) && notes() === noted + 1;
      const wrote = version() !== before && !isNote;
      const fault = await faultOf(response, request, { wrote, documented });
      sent += 1;
      byMode[request.mode] = (byMode[request.mode] ?? 0) + 1;
      byStatus[response.status] = (byStatus[response.status] ?? 0) + 1;
      (response.status < 400 ? accepted : refused).add(request.operation);
      if (fault !== undefined && faults.length < 20) {
        const shown = {
          ...request,
          path: request.path.slice(0, 300),
          body: String(request.body).slice(0, 300),
        };
        faults.push(`seed ${SEED}, request ${sent}: ${fault.slice(0, 500)}: ${JSON.stringify(shown)}`);
      }
    }
    await close();
  }
  const operations = Object.keys(contract);
  console.log(
    `fuzzer: seed ${SEED}, ${sent} requests over ${operations.length} operations, by status ${JSON.stringify(byStatus)},` +
      ` by way ${JSON.stringify(byMode)}; accepted at least once: ${accepted.size} operations,` +
      ` never: ${operations.filter((id) => !accepted.has(id)).join(', ') || 'none'}`,
  );
  expect(faults).toEqual([]);
  expect(sent).toBeGreaterThanOrEqual(20_000);
  expect(operations.filter((id) => !refused.has(id))).toEqual([]);
  // A fuzzer that is refused everywhere would prove little.
  expect(accepted.size).toBeGreaterThan(operations.length * 0.9);
  for (const operation of ['launchRunner', ...Object.keys(completionEndpoints)])
    expect(accepted).toContain(operation);
});
