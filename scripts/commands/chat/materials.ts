/** What is talked to: a base alone, or the base and the adapter of an experiment. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { adapterAtStrength } from '../../../shared/export/adapter-at-strength.ts';
import { chooseArtifact } from '../../../shared/export/choose-artifact.ts';
import { findExperiment } from '../../experiment/find-experiment.ts';

/** A base and, of an experiment, its adapter. */
export interface Materials {
  /** `bundled`, a path or a hub id. */
  readonly source: string;
  readonly name: string;
  /** What the base must be; undefined: anything. */
  readonly identity?: string;
  readonly adapter?: { readonly name: string; readonly file: string };
}

/**
 * Finds the base and the final policy of an experiment and keeps the policy's bytes in a folder.
 *
 * @param named its id or name; undefined: the newest that has succeeded
 * @param strength what the policy's change of the base is multiplied by
 * @throws UsageError, ExportError where it has none
 */
export async function experimentMaterials(
  client: Client,
  named: string | undefined,
  folder: string,
  strength: number,
): Promise<Materials> {
  const experiment = await findExperiment(client, named ?? (await newestAligned(client)));
  const { tasks } = await client.getLineage({ parameters: { experimentId: experiment.id } });
  const base = await client.getBaseModel({ parameters: { baseModelId: experiment.baseModel.id } });
  const found = { source: base.source, name: base.name, identity: base.weightsSha256 };
  const adapter = chooseArtifact({ tasks, status: experiment.status });
  if (adapter === null) return found;
  const response = await client.downloadArtifact({ parameters: { sha256: adapter.sha256 } });
  const file = join(folder, `${adapter.sha256}.safetensors`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  await writeFile(file, strength === 1 ? bytes : await adapterAtStrength(bytes, strength));
  return { ...found, adapter: { name: experiment.id, file } };
}

/** @returns its id */
async function newestAligned(client: Client): Promise<string> {
  const { items } = await client.listExperiments({ query: { status: 'succeeded', limit: 200 } });
  const found = items.find(({ method }) => method !== 'base');
  if (found !== undefined) return found.id;
  throw new UsageError('no experiment there has succeeded', {
    cure: 'Run rlcd demo or rlcd align to its end first',
  });
}
