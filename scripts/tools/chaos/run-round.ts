/** One run of the tiny experiment in a fresh store, with kills on the way. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../../shared/api/client.ts';
import { ensureBaseModel, readBaseModel } from '../../experiment/base-model.ts';
import { adminClient, openDataFolder, type DataFolder } from '../../experiment/data-folder.ts';
import { ensurePrinciple, readPrinciple } from '../../experiment/principle.ts';
import { ensurePrompts, readPrompts } from '../../experiment/prompts.ts';
import type { Child } from '../../processes/child.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { freePort } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import { gather, type Evidence } from './evidence.ts';
import type { Kill, Victim } from './kill-plan.ts';
import { Proxy } from './proxy.ts';
import { TINY } from './settings.ts';
import { Striker, type Struck } from './striker.ts';
import { UserError } from '../../../shared/user-error.ts';

const ASK_EVERY_MILLISECONDS = 200;
const RUNNER = 'runner';
const SHARDS = 2;

interface RoundOptions {
  /** A fresh folder for the store and the logs. */
  readonly folder: string;
  /** Shared by all rounds: a model is converted once. */
  readonly modelCache: string;
  readonly model: string;
  readonly plan: (number: number) => Kill;
  readonly firstNumber: number;
  readonly mostKills: number;
  readonly signal: AbortSignal;
}

export interface Round {
  readonly evidence: Evidence;
  readonly struck: readonly Struck[];
  readonly nextNumber: number;
}

/** The experiment failed, or something ended that nobody had killed. */
class ChaosError extends UserError {
  override readonly name = 'ChaosError';
  override readonly code = 'chaos-failed';
}

/** @throws ChaosError when the experiment does not succeed */
export async function runRound(options: RoundOptions): Promise<Round> {
  const [edgePort, proxyPort] = [await freePort(), await freePort()];
  const holder = { command: 'npm run chaos', url: edgeUrl(edgePort) };
  const folder = await openDataFolder(options.folder, new Date(), holder);
  const edgeOptions = {
    host: 'node',
    port: edgePort,
    dataFolder: folder.path,
    adminKey: folder.adminKey,
  } as const;
  const client = adminClient(edgeUrl(edgePort), folder);
  const children = new Map<Victim, Child>();
  let restarts = Promise.resolve();
  const start = async (victim: Victim) => {
    children.set(
      victim,
      victim === 'edge'
        ? await startEdge(edgeOptions)
        : startRunner({
            url: edgeUrl(proxyPort),
            key: await folder.runnerKey(client),
            name: RUNNER,
            dataFolder: folder.path,
          }),
    );
  };
  const striker = new Striker({
    ...options,
    strike: async (victim) => {
      const child = children.get(victim);
      child?.kill('SIGKILL');
      await child?.exited;
      restarts = restarts.then(() => start(victim));
    },
  });
  const proxy = new Proxy(edgePort, (point) => striker.onPoint(point));
  await proxy.listen(proxyPort);
  try {
    await start('edge');
    const experimentId = await submit(client, folder, options);
    await start('runner');
    await untilSucceeded(client, experimentId, { ...options, restarted: () => restarts });
    striker.recovered();
    await restarts;
    const evidence = await gather(client, experimentId);
    return { evidence, struck: striker.struck, nextNumber: striker.nextNumber };
  } finally {
    await restarts;
    await Promise.all([...children.values()].map((child) => child.stop()));
    await proxy.close();
    folder.close();
  }
}

async function submit(client: Client, folder: DataFolder, { model, modelCache }: RoundOptions) {
  const principle = await readPrinciple('kind-stories');
  await folder.runnerKey(client);
  const { id } = await client.createExperiment({
    body: {
      method: 'rlcd',
      principle: { name: principle.name, version: await ensurePrinciple(client, principle) },
      promptSet: (await ensurePrompts(client, await readPrompts(undefined))).id,
      baseModel: (await ensureBaseModel(client, await readBaseModel(model, modelCache))).id,
      seed: 1,
      shards: SHARDS,
      hyperparameters: TINY,
    },
  });
  return id;
}

/** Asks again where the edge cannot be reached: it may have been killed just now. */
async function untilSucceeded(
  client: Client,
  experimentId: string,
  { signal, restarted }: { readonly signal: AbortSignal; readonly restarted: () => Promise<void> },
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // A victim that does not come up again ends the run here.
    await restarted();
    const experiment = await client
      .getExperiment({ parameters: { experimentId } })
      .catch((error: unknown) => {
        if (error instanceof TypeError) return undefined;
        throw error;
      });
    if (experiment?.status === 'succeeded') return;
    if (experiment?.status === 'failed') {
      throw new ChaosError(`the experiment failed: ${experiment.statusReason}`);
    }
    await sleep(ASK_EVERY_MILLISECONDS, undefined, { signal });
  }
}

/** Where a round's store and logs lie. */
export function roundFolder(data: string, round: number): string {
  return join(data, `round-${round}`);
}
