/** An edge on Node with something behind every path, and the ids that schemathesis could not guess. */
import path from 'node:path';
import { edgeUrl, startEdge } from '../../scripts/processes/edge-process.ts';
import { freePort } from '../../scripts/processes/free-port.ts';
import { createClient, type Client } from '../../shared/api/client.ts';
import { messageOf } from '../../shared/caught.ts';
import type { Scope } from '../../shared/api/words.ts';
import { startServingRunner } from '../edge/fuzzing/serving-runner.ts';
import { prepare, work } from '../edge/remote-world.ts';
import { TestRunner } from '../edge/runner.ts';
import { BASE_MODEL, EXPERIMENT, PRINCIPLE, PROMPT_SET, sha256Of } from '../edge/seed.ts';

const ADMIN_KEY = 'the-key-of-the-schemathesis-runs-0123456789';
/** Experiments under way, each with a task under lease: requests also cancel, delete, end and fail them. */
const UNDER_WAY = 6;
const CONTENT = 'an artifact';

/** A runner that serves models is dead to the edge after 45 s of silence. */
const TELL_MILLISECONDS = 10_000;

export interface FilledEdge {
  readonly url: string;
  /** Of each scope; a request without a key has none. */
  readonly keys: Readonly<Record<Scope, string>>;
  /** Ids and names by the parameter or field that takes them: `path.experimentId`, `body.baseModel`. */
  readonly values: Readonly<Record<string, readonly (string | number)[]>>;
  readonly close: () => Promise<void>;
}

/** @param dataFolder an empty folder */
export async function startFilledEdge(dataFolder: string): Promise<FilledEdge> {
  const port = await freePort();
  const edge = await startEdge({ host: 'node', port, dataFolder, adminKey: ADMIN_KEY });
  try {
    const baseUrl = edgeUrl(port);
    const admin = createClient({ baseUrl, key: ADMIN_KEY });
    const runner = await prepare(admin);
    const client = await secretOf(admin, 'client');
    const runners = createClient({ baseUrl, key: runner });
    const values = await fill(admin, createClient({ baseUrl, key: client }), runners);
    const serving = await startServingRunner(runners, runner, path.join(dataFolder, 'served'));
    const tell = async (): Promise<void> => {
      await serving.tell().catch((error: unknown) => console.error(`serving runner: ${messageOf(error)}`));
    };
    const timer = setInterval(() => void tell(), TELL_MILLISECONDS);
    const close = async (): Promise<void> => {
      clearInterval(timer);
      await serving.close();
      await edge.stop();
    };
    return { url: baseUrl, keys: { admin: ADMIN_KEY, client, runner }, values, close };
  } catch (error) {
    await edge.stop();
    throw error;
  }
}

async function secretOf(admin: Client, scope: Scope): Promise<string> {
  const { secret } = await admin.createKey({ body: { name: scope, scopes: [scope] } });
  if (secret === null) throw new Error('a new key has a secret');
  return secret;
}

async function fill(admin: Client, client: Client, runner: Client): Promise<FilledEdge['values']> {
  await work(admin, runner);
  const experiments = (await client.listExperiments()).items.map(({ id }) => id);
  const tasks: string[] = [];
  for (let seed = 1; seed <= UNDER_WAY; seed++) {
    experiments.push((await client.createExperiment({ body: { ...EXPERIMENT, seed } })).id);
    tasks.push((await new TestRunner({ client: runner }).claim())?.id ?? '');
  }
  const [experimentId = ''] = experiments;
  const ended = await client.listTasks({ query: { status: 'succeeded' } });
  const artifacts = await client.listArtifacts();
  const { items: candidates } = await client.listComparisons({ parameters: { experimentId } });
  const sha256 = sha256Of(CONTENT);
  await client.putArtifact({ parameters: { sha256 }, query: { kind: 'report' }, body: CONTENT });
  const upload = await client.createUpload({ body: { sha256: '0'.repeat(64), bytes: 1, kind: 'report' } });
  // Not those that the requests themselves are sent with.
  const spare = await admin.createKey({ body: { name: 'spare', scopes: ['client'] } });
  const promptSets = (await client.listPromptSets()).items.map(({ id }) => id);
  const baseModels = (await client.listBaseModels()).items.map(({ id }) => id);
  const candidateIds = candidates.map(({ candidateId }) => candidateId);
  return {
    'path.principleName': [PRINCIPLE, 'calm'],
    'path.principleVersion': ['1'],
    'path.principleLabel': ['production', 'staging'],
    'path.promptSetId': promptSets,
    'path.baseModelId': baseModels,
    'path.experimentId': experiments,
    'path.otherExperimentId': experiments,
    'path.taskId': [...tasks, ...ended.items.slice(0, 3).map(({ id }) => id)],
    'path.sha256': [sha256, ...artifacts.items.slice(0, 3).map((artifact) => artifact.sha256)],
    'path.uploadId': [upload.id],
    'path.partNumber': ['1'],
    'path.keyId': [spare.id],
    'path.comparisonId': candidates.map(({ id }) => id),
    'body.epoch': [1],
    'body.candidateId': candidateIds,
    'body.promptSet': [PROMPT_SET],
    'body.baseModel': [BASE_MODEL],
    'body.model': [BASE_MODEL],
  };
}
