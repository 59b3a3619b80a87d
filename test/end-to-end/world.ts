/** An edge in the test's own process, whose clock and disk the test holds, and runners beside it as real processes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from '../../edge/app.ts';
import { openNodeHost } from '../../edge/hosts/node.ts';
import type { Blobs } from '../../edge/store/blobs.ts';
import { describeModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { Proxy, type Point } from '../../scripts/tools/chaos/proxy.ts';
import { TINY } from '../../scripts/tools/chaos/settings.ts';
import { ensurePrinciple, readPrinciple } from '../../scripts/experiment/principle.ts';
import { edgeUrl } from '../../scripts/processes/edge-process.ts';
import type { Child } from '../../scripts/processes/child.ts';
import { freePort } from '../../scripts/processes/free-port.ts';
import { patientFetch } from '../../scripts/processes/patient-fetch.ts';
import { startRunner } from '../../scripts/processes/runner-process.ts';
import { createClient, type Client } from '../../shared/api/client.ts';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { storyOpenings } from '../../shared/principles/kind-stories/story-openings.ts';

export const ADMIN_KEY = 'a-key-for-end-to-end-tests-0123456789';

/** Every stage in a second or two, with a checkpoint at every step. */
export const QUICK: Hyperparameters = {
  ...TINY,
  simulate: { maximumNewTokens: 24 },
  ppo: { ...TINY.ppo, maximumNewTokens: 8, steps: [2, 3], samplePrompts: 1 },
  select: { ...TINY.select, maximumNewTokens: 8 },
};

/** So that no prompt stands in two splits. */
const DAYS = { train: 'Monday', dev: 'Tuesday', test: 'Wednesday' } as const;

/** Prompts that the bundled model goes on from. */
export const openings = storyOpenings()
  .slice(0, 12)
  .map(({ text }) => text);

interface WorldOptions {
  /** Added to the edge's clock: milliseconds. */
  readonly clockOffset?: () => number;
  /** What stands in for the store of bytes. */
  readonly blobs?: (blobs: Blobs) => Blobs;
  /** Folder of the base model; the bundled one unless given. */
  readonly model?: string;
}

export interface World {
  /** Where the edge answers. */
  readonly url: string;
  readonly client: Client;
  /** Prompts of the given texts, all in every split. */
  putPrompts(name: string, texts: readonly string[]): Promise<string>;
  /** An RLCD experiment on the bundled model. @returns its id */
  submit(given?: Partial<Parameters<Client['createExperiment']>[0]['body']>): Promise<string>;
  /** A runner, behind a proxy where its points are wanted. */
  run(
    name: string,
    given?: {
      /** Folders of models that it may open beside the world's own. */
      models?: readonly string[];
      preload?: readonly string[];
      onPoint?: (point: Point) => Promise<void>;
      environment?: Readonly<Record<string, string>>;
    },
  ): Promise<Child>;
  /** Resolves when the experiment has ended; throws when a runner of the world has ended by itself. */
  ended(experimentId: string): Promise<Awaited<ReturnType<Client['getExperiment']>>>;
  log(name: string): string;
  /** The edge goes away with every connection, and comes again over what it left. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function createWorld({
  clockOffset = () => 0,
  blobs = (real) => real,
  model = 'bundled',
}: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-world-'));
  const port = await freePort();
  const start = async () => {
    const host = openNodeHost(join(folder, 'edge'), ADMIN_KEY);
    const { dependencies } = host;
    const app = createApp({
      ...dependencies,
      clock: () => dependencies.clock() + clockOffset(),
      blobs: blobs(dependencies.blobs),
    });
    const server = createAdaptorServer({ fetch: app.fetch });
    // A busy machine stands still for longer than the usual 5 s, and would then close a connection while it is used.
    if ('keepAliveTimeout' in server) server.keepAliveTimeout = 120_000;
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    return async () => {
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      host.close();
    };
  };
  let stop = await start();
  const client = createClient({ baseUrl: edgeUrl(port), key: ADMIN_KEY, fetch: patientFetch() });
  const key = (await client.createKey({ body: { name: 'runner', scopes: ['runner'] } })).secret ?? '';
  const principle = await readPrinciple('kind-stories');
  const version = await ensurePrinciple(client, principle);
  await client.createBaseModel({
    body: await describeModel('model', model, join(folder, 'cache')),
  });
  const children: Child[] = [];
  const proxies: Proxy[] = [];

  const putPrompts: World['putPrompts'] = async (name, texts) => {
    const lines = (['train', 'dev', 'test'] as const).flatMap((split) =>
      texts.map((prompt) => JSON.stringify({ prompt: `${prompt} It was ${DAYS[split]}.`, split })),
    );
    const set = await client.createPromptSet({
      query: { name, rule: 'field' },
      body: `${lines.join('\n')}\n`,
    });
    return set.id;
  };
  await putPrompts('openings', openings);

  return {
    url: edgeUrl(port),
    client,
    putPrompts,
    submit: async (given = {}) => {
      const { id } = await client.createExperiment({
        body: {
          method: 'rlcd',
          principle: { name: principle.name, version },
          promptSet: 'openings',
          baseModel: 'model',
          seed: 1,
          hyperparameters: QUICK,
          ...given,
        },
      });
      return id;
    },
    run: async (name, { models = [], preload = [], onPoint, environment = {} } = {}) => {
      let url = edgeUrl(port);
      if (onPoint) {
        const proxy = new Proxy(port, onPoint);
        const proxyPort = await freePort();
        await proxy.listen(proxyPort);
        proxies.push(proxy);
        url = edgeUrl(proxyPort);
      }
      const child = startRunner({
        url,
        key,
        name,
        dataFolder: folder,
        models: [model, ...models],
        preload,
        environment,
      });
      children.push(child);
      return child;
    },
    ended: async (experimentId) => {
      for (;;) {
        const experiment = await client.getExperiment({ parameters: { experimentId } });
        if (!['queued', 'running'].includes(experiment.status)) return experiment;
        const gone = children.find((child) => child.exit());
        if (gone) throw new Error(`${gone.name} has ended: ${readFileSync(gone.logFile, 'utf8')}`);
        await sleep(100);
      }
    },
    restart: async () => {
      await stop();
      stop = await start();
    },
    log: (name) => readFileSync(join(folder, `${name}.log`), 'utf8'),
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exited));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
