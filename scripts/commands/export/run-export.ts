/** Finds what leaves, has it written beside its place, and moves it there when it is whole. */
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { baseFacts } from '../../../shared/export/base-facts.ts';
import { chooseArtifact } from '../../../shared/export/choose-artifact.ts';
import { modelCard } from '../../../shared/export/model-card.ts';
import { withEdge, type OpenEdge } from '../../experiment/open-edge.ts';
import { fillNewFolder, requireNewFolder } from '../../fill-new-folder.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { printable } from '../../terminal/printable.ts';
import { exportCommand } from './export-command.ts';
import type { ExportOptions } from './export-options.ts';
import { findExperiment } from '../../experiment/find-experiment.ts';

/** @throws UsageError, UserError naming what cannot leave and what can */
export async function runExport(named: string, options: ExportOptions, signal: AbortSignal): Promise<void> {
  const out = resolve(options.out);
  await requireNewFolder(out);
  await withEdge(options, async (edge) => {
    await fillNewFolder(out, (folder) => fill(folder, named, options, edge, signal));
  });
  console.log(out);
}

async function fill(
  folder: string,
  named: string,
  options: ExportOptions,
  { client, cache }: OpenEdge,
  signal: AbortSignal,
): Promise<void> {
  const experiment = await findExperiment(client, named);
  const parameters = { experimentId: experiment.id };
  const { tasks: lineage } = await client.getLineage({ parameters });
  const artifact = chooseArtifact({ tasks: lineage, status: experiment.status }, options);
  const { id: baseModelId } = experiment.baseModel;
  const base = await client.getBaseModel({ parameters: { baseModelId } });
  const facts = baseFacts(base);
  const name = artifact === null ? base.name : experiment.name;
  console.error(
    `Writing ${options.to} of ${artifact === null ? 'the base model' : `${artifact.stage} ${artifact.output}`}, experiment ${printable(experiment.name)}`,
  );
  const adapterFile = artifact === null ? null : `${folder}.adapter`;
  try {
    if (artifact !== null && adapterFile !== null) {
      const response = await client.downloadArtifact({ parameters: { sha256: artifact.sha256 } }, { signal });
      await writeFile(adapterFile, new Uint8Array(await response.arrayBuffer()));
    }
    const { to: form, quantise: quantisation } = options;
    const question = { source: base.source, cache, form, quantisation, name, adapterFile, facts, folder };
    await askEngine('export-model', question, signal);
  } finally {
    if (adapterFile !== null) await rm(adapterFile, { force: true });
  }
  const command = exportCommand(experiment.id, options);
  const card = modelCard({ experiment, lineage, base: facts, artifact, form: options.to, command });
  await writeFile(join(folder, card.name), card.chunks());
}
