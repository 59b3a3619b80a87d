/** Exports: an adapter as it leaves, written while it is sent; the edge holds one tensor of it at a time. */
import type { exportEndpoints } from '../../shared/api/exports.ts';
import { adapterFiles } from '../../shared/export/adapter-files.ts';
import { openAdapterSource, type ReadRange } from '../../shared/export/adapter-source.ts';
import { baseFacts } from '../../shared/export/base-facts.ts';
import { chooseArtifact } from '../../shared/export/choose-artifact.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import type { ExportFile } from '../../shared/export/export-file.ts';
import { concatenate } from '../../shared/export/gguf/bytes.ts';
import { modelCard } from '../../shared/export/model-card.ts';
import { zipOf } from '../../shared/export/zip.ts';
import { conflict, notFound } from '../domain/errors.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { artifactBlob, findArtifact } from '../store/artifacts.ts';
import { findBaseModel } from '../store/base-models.ts';
import { chunksOf } from '../store/blobs.ts';
import { findExperiment, findLineage, findStages } from '../store/experiment-views.ts';

/** What an export is asked for by. */
interface Wanted {
  readonly to: 'peft' | 'gguf-lora';
  readonly stage?: string | undefined;
  readonly artifact?: string | undefined;
}

export function exportHandlers({ database, blobs }: Dependencies): Handlers<typeof exportEndpoints> {
  const rangesOf =
    (sha256: string): ReadRange =>
    async (offset, length) => {
      if (length === 0) return new Uint8Array();
      const stream = await blobs.get(artifactBlob(sha256), { offset, length });
      if (!stream) throw new Error(`artifact ${sha256} has a row and no bytes in the blob store`);
      const parts: Uint8Array[] = [];
      for await (const part of chunksOf(stream)) parts.push(part);
      return concatenate(parts);
    };

  /** @throws ExportError where it cannot leave in this form */
  async function filesOf(
    experimentId: string,
    wanted: Wanted,
    url: string,
    now: number,
  ): Promise<ExportFile[]> {
    const experiment = await findExperiment(database, experimentId, now);
    if (!experiment) throw notFound(`experiment ${experimentId}`);
    const lineage = await findLineage(database, experimentId);
    const chosen = chooseArtifact(lineage, wanted);
    if (chosen === null) {
      throw new ExportError('the base model alone has no adapter', { cure: 'Leave out the stage' });
    }
    const artifact = await findArtifact(database, chosen.sha256);
    const base = await findBaseModel(database, experiment.view.baseModel.id);
    if (!artifact || !base) throw new Error(`experiment ${experimentId} names what is not there`);
    const facts = baseFacts(base);
    const source = await openAdapterSource(rangesOf(chosen.sha256), artifact.bytes);
    const stages = await findStages(database, experimentId);
    const card = modelCard({
      experiment: { ...experiment.view, stages },
      lineage,
      base: facts,
      artifact: chosen,
      form: wanted.to,
      command: `curl -H "authorization: Bearer $RLCD_KEY" '${url}' -o ${experimentId}.zip`,
    });
    return [card, ...adapterFiles(wanted.to, source, facts, experiment.view.name)];
  }

  return {
    async exportAdapter({ parameters, query }, { request, now }) {
      const { experimentId } = parameters;
      const name = `${experimentId}-${query.to}`;
      const headers = {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${name}.zip"`,
        'cache-control': 'private, no-cache',
      };
      const files = await filesOf(experimentId, query, request.url, now).catch((error: unknown) => {
        throw error instanceof ExportError ? conflict(error.message) : error;
      });
      if (request.method === 'HEAD') return new Response(null, { headers });
      return new Response(zipOf(name, files), { headers });
    },
  };
}
