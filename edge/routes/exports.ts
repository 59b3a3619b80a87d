/** Exports: a model as it leaves, written while it is sent; the edge holds one piece of it at a time. */
import { exportPending, type exportEndpoints } from '../../shared/api/exports.ts';
import { adapterFiles } from '../../shared/export/adapter-files.ts';
import { openAdapterSource, type ReadRange } from '../../shared/export/adapter-source.ts';
import { baseFacts } from '../../shared/export/base-facts.ts';
import { chooseArtifact } from '../../shared/export/choose-artifact.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import type { ExportFile } from '../../shared/export/export-file.ts';
import { isAdapterForm, type ExportForm, type Quantisation } from '../../shared/export/forms.ts';
import { concatenate } from '../../shared/export/gguf/bytes.ts';
import { modelCard } from '../../shared/export/model-card.ts';
import { zipOf } from '../../shared/export/zip.ts';
import { taskModelOf } from '../domain/base-model.ts';
import { conflict, damaged, notFound } from '../domain/errors.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { exportOf, type ExportState } from '../orchestration/export-task.ts';
import { isIntact, openArtifact } from '../store/artifact-bytes.ts';
import { findArtifact } from '../store/artifacts.ts';
import { findBaseModel } from '../store/base-models.ts';
import { chunksOf } from '../store/blobs.ts';
import { findExperiment, findLineage, findStages } from '../store/experiment-views.ts';

/** What an export is asked for by. */
interface Wanted {
  readonly to: ExportForm;
  readonly quantise?: Quantisation | undefined;
  readonly stage?: string | undefined;
  readonly artifact?: string | undefined;
}

type PendingTask = Extract<ExportState, { task: unknown }>['task'];

const RETRY_SECONDS = 3;

export function exportHandlers({ database, blobs }: Dependencies): Handlers<typeof exportEndpoints> {
  async function* bytesOf(sha256: string, range?: { readonly offset: number; readonly length: number }) {
    const stream = await openArtifact({ database, blobs }, sha256, range);
    if (!stream) throw damaged(sha256);
    yield* chunksOf(stream);
  }

  const rangesOf =
    (sha256: string): ReadRange =>
    async (offset, length) => {
      if (length === 0) return new Uint8Array();
      const parts: Uint8Array[] = [];
      for await (const part of bytesOf(sha256, { offset, length })) parts.push(part);
      return concatenate(parts);
    };

  /** What an experiment's export is made of. @throws ExportError where it has none such */
  async function materialsOf(experimentId: string, wanted: Wanted, now: number) {
    const experiment = await findExperiment(database, experimentId, now);
    if (!experiment) throw notFound(`experiment ${experimentId}`);
    const lineage = await findLineage(database, experimentId);
    const chosen = chooseArtifact({ tasks: lineage, status: experiment.view.status }, wanted);
    const artifact = chosen && ((await findArtifact(database, chosen.sha256)) ?? null);
    const base = await findBaseModel(database, experiment.view.baseModel.id);
    if (!base || (chosen && !artifact)) throw new Error(`experiment ${experimentId} names what is not there`);
    return { experiment, lineage, chosen, artifact, base };
  }

  /** @returns the files, or the task that makes them @throws ExportError where it cannot leave in this form */
  async function filesOf(
    experimentId: string,
    wanted: Wanted,
    url: string,
    now: number,
  ): Promise<ExportFile[] | PendingTask> {
    const { to, quantise = 'q8_0' } = wanted;
    const { experiment, lineage, chosen, artifact, base } = await materialsOf(experimentId, wanted, now);
    const facts = baseFacts(base);
    const stages = await findStages(database, experimentId);
    const card = modelCard({
      experiment: { ...experiment.view, stages },
      lineage,
      base: facts,
      artifact: chosen,
      form: to,
      command: `curl -H "authorization: Bearer $RLCD_KEY" '${url}' -o ${experimentId}.zip`,
    });
    if (isAdapterForm(to)) {
      if (artifact === null) {
        throw new ExportError('the base model alone has no adapter', { cure: 'Leave out the stage' });
      }
      // It is read in parts, which can not be checked one by one.
      if (!(await isIntact({ database, blobs }, artifact))) throw damaged(artifact.sha256);
      const source = await openAdapterSource(rangesOf(artifact.sha256), artifact.bytes);
      return [card, ...adapterFiles(to, source, facts, experiment.view.name)];
    }
    const state = await exportOf(
      database,
      {
        experimentId,
        form: to,
        quantisation: quantise,
        name: artifact === null ? base.name : experiment.view.name,
        baseModel: taskModelOf(base),
        parameterCount: base.parameterCount,
        adapter: artifact && { sha256: artifact.sha256, bytes: artifact.bytes },
        command: commandFor(experimentId, wanted),
      },
      now,
    );
    if ('task' in state) return state.task;
    return [card, ...state.made.map(({ name, sha256 }) => ({ name, chunks: () => bytesOf(sha256) }))];
  }

  return {
    async exportAdapter({ parameters, query }, { request, now }) {
      const { experimentId } = parameters;
      const found = await filesOf(experimentId, query, request.url, now).catch((error: unknown) => {
        throw error instanceof ExportError ? conflict(error.message) : error;
      });
      if (!Array.isArray(found)) return pending(found);
      const name = `${experimentId}-${query.to}`;
      const headers = {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${name}.zip"`,
        'cache-control': 'private, no-cache',
      };
      if (request.method === 'HEAD') return new Response(null, { headers });
      return new Response(zipOf(name, found), { headers });
    },
  };
}

function pending({ id, status, waitsFor, progress }: PendingTask): Response {
  const document = exportPending.parse({ taskId: id, status, waitsFor, progress });
  const headers = { 'retry-after': String(RETRY_SECONDS), 'cache-control': 'no-store' };
  return Response.json(document, { status: 202, headers });
}

/** The command that writes the same; what it names was found in the experiment. */
function commandFor(experimentId: string, { to, quantise, stage, artifact }: Wanted): string {
  const given = [
    ['--to', to],
    ['--out', `${experimentId}-${to}`],
    ['--quantise', quantise],
    ['--stage', stage],
    ['--artifact', artifact],
  ].flatMap(([option, value]) => (value === undefined ? [] : [option, value]));
  return ['npx rlcd export', experimentId, ...given].join(' ');
}
