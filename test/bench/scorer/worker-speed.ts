/** The scorer inside workerd: published by a task on the real Worker, then asked over HTTP. */
import { createHash } from 'node:crypto';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { kindStories } from '../../../shared/principles/kind-stories/kind-stories.ts';
import { sortedQuantile } from '../../../shared/statistics/summary.ts';
import { TestRunner } from '../../edge/runner.ts';
import { createFolder, startHost, type RunningHost } from '../edge/hosts.ts';
import { longText } from './texts.ts';

const [WARM_UP, SINGLE_REQUESTS, BATCHES, BATCH_TEXTS] = [20, 200, 40, 64];
const PRINCIPLE = 'kind-stories';

const clientOf = ({ origin, adminKey }: RunningHost): Client =>
  createClient({ baseUrl: origin, key: adminKey });

export async function measureWorker(file: Uint8Array) {
  const folder = createFolder();
  try {
    const first = await startHost('wrangler-dev', folder.path);
    try {
      await publish(clientOf(first), first.origin, file);
    } finally {
      await first.stop();
    }
    // A second start: a new isolate, which has not opened the scorer.
    const host = await startHost('wrangler-dev', folder.path);
    try {
      return await measure(host);
    } finally {
      await host.stop();
    }
  } finally {
    folder.remove();
  }
}

async function measure(host: RunningHost) {
  const client = clientOf(host);
  const timed = async (texts: readonly string[]) => {
    const started = performance.now();
    await client.score({ body: { principle: PRINCIPLE, texts: [...texts] } });
    return performance.now() - started;
  };
  // The application and the database are warm; only the scorer is not.
  for (let request = 0; request < WARM_UP; request++) await client.listScorers({ query: {} });
  const coldRequest = await timed([longText(0)]);
  for (let request = 0; request < WARM_UP; request++) await timed([longText(request)]);
  const singles: number[] = [];
  for (let request = 0; request < SINGLE_REQUESTS; request++) singles.push(await timed([longText(request)]));
  const ascending = Float64Array.from(singles).sort();
  const p50Ms = sortedQuantile(ascending, 0.5);
  const before = host.cpu();
  for (let batch = 0; batch < BATCHES; batch++) {
    await timed(Array.from({ length: BATCH_TEXTS }, (_, text) => longText(batch * BATCH_TEXTS + text)));
  }
  const after = host.cpu();
  return {
    p50Ms,
    p95Ms: sortedQuantile(ascending, 0.95),
    coldMs: coldRequest - p50Ms,
    cpuMsPerText:
      before === undefined || after === undefined ? null : (after - before) / 1000 / (BATCHES * BATCH_TEXTS),
  };
}

/** Runs an experiment of made-up outputs whose scorer is the real file. */
async function publish(client: Client, origin: string, file: Uint8Array): Promise<void> {
  const { description, form, responseOpening, affixPairs } = kindStories;
  await client.createPrincipleVersion({
    parameters: { principleName: PRINCIPLE },
    body: {
      description,
      form,
      responseOpening,
      affixPairs: affixPairs.map(({ positive, negative }) => ({ positive, negative })),
    },
  });
  const splits = ['train', 'dev', 'test'] as const;
  const rows = splits.flatMap((split) => [0, 1].map((row) => ({ prompt: `${split} ${row}`, split })));
  await client.createPromptSet({
    query: { name: 'openings', rule: 'field' },
    body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  });
  await client.createBaseModel({
    body: {
      name: 'made-up',
      source: 'bundled',
      weightsSha256: createHash('sha256').update('made-up').digest('hex'),
      parameterCount: 1,
      contextLength: 512,
      configuration: {},
    },
  });
  const ppo = { klCoefficients: [0.01], steps: [2], rollouts: 8, minibatchSize: 4 };
  await client.createExperiment({
    body: {
      method: 'rlcd',
      principle: { name: PRINCIPLE, version: 1 },
      promptSet: 'openings',
      baseModel: 'made-up',
      seed: 1,
      hyperparameters: { ppo },
      scorer: true,
    },
  });
  const { secret } = await client.createKey({ body: { name: 'the bench', scopes: ['runner'] } });
  if (secret === null) throw new Error('the edge showed no secret of the key that it made');
  const runnerClient = createClient({ baseUrl: origin, key: secret });
  const runner = new TestRunner({ client: runnerClient });
  for (let task = await runner.claim(); task !== null; task = await runner.claim()) {
    if (task.kind !== 'train-scorer') {
      await runner.complete(task);
      continue;
    }
    const sha256 = createHash('sha256').update(file).digest('hex');
    const { id: taskId, epoch } = task;
    await runnerClient.putArtifact({
      parameters: { sha256 },
      query: { kind: 'scorer', taskId, epoch },
      body: new Blob([Uint8Array.from(file)]),
    });
    const agreement = { n: 0, agreement: 0, interval: { lower: 0, upper: 1, confidence: 0.95 } };
    await runnerClient.completeTask({
      parameters: { taskId },
      body: {
        epoch,
        outputs: [{ name: 'scorer', sha256 }],
        result: {
          texts: 0,
          bytes: file.length,
          heldOut: {
            pairs: agreement,
            freshPairs: agreement,
            rankCorrelation: { n: 0, value: 0, interval: agreement.interval },
            byLength: [],
            byMargin: [],
            labels: null,
          },
        },
      },
    });
  }
}
