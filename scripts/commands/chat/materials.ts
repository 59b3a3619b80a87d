/** What is talked to: a base alone, or the base and the adapter of an experiment, found at the edge that holds it. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { freePort } from '../../processes/free-port.ts';
import { adminClient, openDataFolder } from '../../experiment/data-folder.ts';

/** A base and, of an experiment, its adapter. */
export interface Materials {
  /** `bundled`, a path or a hub id. */
  readonly source: string;
  readonly name: string;
  /** SHA-256 that tells the base from others; undefined: any. */
  readonly identity?: string;
  readonly adapter?: { readonly name: string; readonly file: string };
}

/** Where an experiment is: an edge that runs, or the folder of a run whose edge is started for a moment. */
export interface Place {
  readonly url: string;
  readonly key: string | undefined;
  /** Undefined: the edge at `url`. */
  readonly data: string | undefined;
}

/** Works with a client of the edge that holds the experiment. */
export async function withEdge<Result>(
  { url, key, data }: Place,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  if (data === undefined) {
    if (key === undefined) {
      throw new UsageError(`RLCD_KEY is not set: it is the key with which ${url} is asked`, {
        cure: 'Set it to a key with the scope client or admin, or give --data and the folder of a demo or an align',
      });
    }
    return await work(createClient({ baseUrl: url, key }));
  }
  const host = (['node', 'worker'] as const).find((one) => existsSync(join(data, `edge-${one}`)));
  if (host === undefined) {
    throw new UsageError(`${data} holds no edge's store`, {
      cure: 'Give the folder that demo or align was run with',
    });
  }
  const folder = await openDataFolder(data, new Date());
  const port = await freePort();
  const edge = await startEdge({ host, port, dataFolder: folder.path, adminKey: folder.adminKey });
  try {
    return await work(adminClient(edgeUrl(port), folder));
  } finally {
    await edge.stop();
  }
}

/**
 * Finds the base and the adapter of an experiment and keeps the adapter's bytes in a folder.
 *
 * @param id undefined: the newest that has an adapter
 * @throws UsageError where it has none yet
 */
export async function experimentMaterials(
  client: Client,
  id: string | undefined,
  folder: string,
): Promise<Materials> {
  const experiment =
    id === undefined
      ? await newestAligned(client)
      : await client.getExperiment({ parameters: { experimentId: id } });
  const { tasks } = await client.getLineage({ parameters: { experimentId: experiment.id } });
  const outputs = tasks.flatMap((task) => task.outputs);
  const adapter = outputs.find(({ name }) => name === 'adapter');
  if (adapter === undefined) {
    throw new UsageError(
      `experiment ${experiment.id} (${experiment.method}, ${experiment.status}) has no adapter`,
      {
        cure: 'Wait until it has succeeded, or give one of a method that trains a policy',
      },
    );
  }
  const parameters = { sha256: adapter.sha256 };
  const response = await client.downloadArtifact({ parameters });
  await mkdir(folder, { recursive: true });
  const file = resolve(folder, `${adapter.sha256}.safetensors`);
  await writeFile(file, new Uint8Array(await response.arrayBuffer()));
  const base = await client.getBaseModel({ parameters: { baseModelId: experiment.baseModel.id } });
  return {
    source: base.source,
    name: base.name,
    identity: base.weightsSha256,
    adapter: { name: experiment.id, file },
  };
}

async function newestAligned(client: Client) {
  const { items } = await client.listExperiments({ query: { status: 'succeeded', limit: 200 } });
  const found = items.find(({ method }) => method !== 'base');
  if (found === undefined) {
    throw new UsageError('no experiment there has succeeded', {
      cure: 'Run rlcd demo or rlcd align to its end first',
    });
  }
  return found;
}
