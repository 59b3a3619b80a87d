/** An edge over a store that one tiny run of the main job has filled, as a process that tests may kill. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { runAlignment } from '../../../scripts/commands/demo/run-alignment.ts';
import type { Child } from '../../../scripts/processes/child.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { startRunner } from '../../../scripts/processes/runner-process.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { openings, QUICK } from '../../end-to-end/world.ts';

export interface FilledEdge {
  readonly url: string;
  readonly key: string;
  readonly client: Client;
  /** Of the experiment of the method rlcd. */
  readonly experimentId: string;
  /** Changes rows under the running edge: what no client of ours would send. */
  execute(sql: string, ...values: readonly string[]): void;
  /** As by a power cut. */
  kill(): Promise<void>;
  /** The same store on the same port. */
  start(): Promise<void>;
  /** @param serveUrl where it serves models; left out, it serves none */
  startRunner(serveUrl?: string): Child;
  close(): Promise<void>;
}

/** What asks for the experiment of the edge once more: all its tasks are done already. */
export async function bodyOf({ client, experimentId }: FilledEdge) {
  const { method, principle, promptSet, baseModel, seed, hyperparameters } = await client.getExperiment({
    parameters: { experimentId },
  });
  return { method, principle, promptSet: promptSet.id, baseModel: baseModel.id, seed, hyperparameters };
}

const keysOf = z.object({ admin: z.string(), runner: z.string() });

export async function createFilledEdge(): Promise<FilledEdge> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-dashboard-'));
  const prompts = join(folder, 'prompts.jsonl');
  const rows = (['train', 'dev', 'test'] as const).flatMap((split) =>
    openings.map((text) => ({ prompt: `${text} They were in the ${split}.`, split })),
  );
  writeFileSync(prompts, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const quiet = { write: () => true };
  await runAlignment(
    {
      options: {
        host: 'node',
        method: 'rlcd',
        scale: 'small',
        seed: 3,
        model: 'bundled',
        prompts,
        principle: 'kind-stories',
        data: folder,
        port: 0,
        exit: true,
        json: true,
        yes: true,
      },
      words: ['demo'],
      hyperparameters: QUICK,
      output: quiet,
      progress: quiet,
    },
    new AbortController().signal,
  );
  const keys = keysOf.parse(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')));
  const port = await freePort();
  const url = edgeUrl(port);
  const client = createClient({ baseUrl: url, key: keys.admin });
  const children: Child[] = [];
  let edge: Child | undefined;
  const start = async () => {
    edge = await startEdge({ host: 'node', port, dataFolder: folder, adminKey: keys.admin });
    children.push(edge);
  };
  await start();
  const { items } = await client.listExperiments({ query: { method: 'rlcd' } });
  return {
    url,
    key: keys.admin,
    client,
    experimentId: items[0]?.id ?? '',
    execute(sql, ...values) {
      const database = new DatabaseSync(join(folder, 'edge-node', 'rlcd.sqlite'), { timeout: 30_000 });
      database.prepare(sql).run(...values);
      database.close();
    },
    async kill() {
      edge?.kill('SIGKILL');
      await edge?.exited;
    },
    start,
    startRunner(serveUrl) {
      const runner = startRunner({ url, key: keys.runner, name: 'runner', dataFolder: folder, serveUrl });
      children.push(runner);
      return runner;
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exited));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
