/** The course of an alignment: materials, edge, runner, experiments, result, and serving until it is stopped. */
import { once } from 'node:events';
import { join, relative } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import type { PlannedSeconds } from '../../../shared/planner/stage-ends.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { edgeUrl, startEdge, type EdgeHost } from '../../processes/edge-process.ts';
import { freePort } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import type { Child } from '../../processes/child.ts';
import { ensureBaseModel, readBaseModel, readSimulator } from '../../experiment/base-model.ts';
import { adminClient, openDataFolder } from '../../experiment/data-folder.ts';
import { fitMicrobatches } from '../../experiment/fit-microbatches.ts';
import { ensureExperiments } from '../../experiment/experiments.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { follow } from '../../experiment/follow.ts';
import { ensurePrinciple, readPrinciple } from '../../experiment/principle.ts';
import { createProgress, type Progress, type ProgressOutput } from '../../terminal/progress.ts';
import { ensurePrompts, readPrompts, requireEnoughPrompts } from '../../experiment/prompts.ts';
import { leap, type LeapOptions } from './leap.ts';
import { formatReport } from './report.ts';
import { buildResult, type Setting } from './result.ts';
import { HYPERPARAMETERS, type Scale } from '../../../shared/planner/alignment-settings.ts';

const RUNNER = 'runner';

/** What the command line decides. */
export interface AlignmentOptions extends LeapOptions {
  readonly host: EdgeHost;
  readonly scale: Scale;
  /** What simulates, as the command line names it; undefined: the model itself. */
  readonly simulator?: string | undefined;
  /** Undefined: the openings that ship with the principle kind-stories. */
  readonly prompts?: string | undefined;
  /** Undefined: by its name. */
  readonly promptColumn?: string | undefined;
  /** The name of a preset, or a file. */
  readonly principle: string;
  /** Undefined: a fresh folder. */
  readonly data?: string | undefined;
  readonly port: number;
  readonly exit: boolean;
  readonly json: boolean;
}

/** What a run is made of beside the options of the command. */
export interface AlignmentRun {
  readonly options: AlignmentOptions;
  readonly hyperparameters: Hyperparameters;
  /** The result goes there. */
  readonly output: Pick<NodeJS.WriteStream, 'write'>;
  /** Progress goes there. */
  readonly progress: ProgressOutput;
}

/**
 * Aligns a model and shows the result.
 *
 * @param signal stops it; every process that it started has ended when it returns
 */
export async function runAlignment(run: AlignmentRun, signal: AbortSignal): Promise<void> {
  const { options, output, progress } = run;
  const startedAt = new Date();
  const folder = await openDataFolder(options.data, startedAt);
  const materials = {
    principle: await readPrinciple(options.principle),
    prompts: await readPrompts(options.prompts, options.promptColumn),
    model: await readBaseModel(options.model, join(folder.path, RUNNER)),
    simulator: await readSimulator(options.simulator, join(folder.path, RUNNER), options.form),
  };
  if (materials.prompts.leftOut !== '')
    progress.write(`Left out of the prompts: ${materials.prompts.leftOut}\n`);
  signal.throwIfAborted();
  const { hyperparameters, planned } = await leap(
    {
      options,
      hyperparameters: run.hyperparameters,
      materials,
      folder: folder.path,
      cache: join(folder.path, RUNNER),
      startedAt,
      tell: (text) => progress.write(text),
    },
    signal,
  );
  signal.throwIfAborted();
  const port = await freePort(options.port);
  const url = edgeUrl(port);
  const children: Child[] = [];
  try {
    progress.write(`Starting the edge (${options.host}) on ${url}, data in ${relative('.', folder.path)}\n`);
    children.push(
      await startEdge({ host: options.host, port, dataFolder: folder.path, adminKey: folder.adminKey }),
    );
    signal.throwIfAborted();
    const client = adminClient(url, folder);
    children.push(
      startRunner({ url, key: await folder.runnerKey(client), name: RUNNER, dataFolder: folder.path }),
    );
    const { setting, ids } = await submit(client, { ...run, hyperparameters }, materials);
    const [rlcd, base] = await watch(client, ids, {
      children,
      signal,
      planned,
      progress: createProgress(progress),
    });
    const document = await buildResult(client, [rlcd, base], setting, {
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      stageSeconds: stageSeconds(rlcd),
      host: options.host,
      node: process.version,
      url,
      dataFolder: folder.path,
      experimentIds: ids,
    });
    output.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : formatReport(rlcd, document));
    if (options.exit) return;
    progress.write('Serving until Ctrl-C.\n');
    await once(signal, 'abort');
  } finally {
    await Promise.all(children.toReversed().map((child) => child.stop()));
  }
}

/** Aligns as the command line says, until it is done or stopped. */
export async function align(options: AlignmentOptions): Promise<void> {
  const hyperparameters = HYPERPARAMETERS[options.scale];
  const { stdout: output, stderr: progress } = process;
  await untilStopped((signal) => runAlignment({ options, hyperparameters, output, progress }, signal));
}

interface Materials {
  readonly principle: Awaited<ReturnType<typeof readPrinciple>>;
  readonly prompts: Awaited<ReturnType<typeof readPrompts>>;
  readonly model: Awaited<ReturnType<typeof readBaseModel>>;
  readonly simulator: Awaited<ReturnType<typeof readSimulator>>;
}

async function submit(client: Client, { options, ...run }: AlignmentRun, materials: Materials) {
  const hyperparameters = fitMicrobatches(run.hyperparameters, materials.model.configuration);
  const { seed, scale } = options;
  const { principle, prompts, model } = materials;
  const version = await ensurePrinciple(client, principle);
  const promptSet = await ensurePrompts(client, prompts);
  requireEnoughPrompts(promptSet.counts);
  const baseModel = await ensureBaseModel(client, model);
  const simulator = materials.simulator && (await ensureBaseModel(client, materials.simulator));
  const ids = await ensureExperiments(client, {
    principle: { name: principle.name, version },
    promptSet: promptSet.id,
    baseModel: baseModel.id,
    ...(simulator && { simulator: simulator.id }),
    ...(options.form && { form: options.form }),
    seed,
    hyperparameters,
  });
  const { train, dev, test } = promptSet.counts;
  const setting: Setting = {
    scale,
    seed,
    principle: principle.name,
    model: { weightsSha256: model.weightsSha256, parameterCount: model.parameterCount },
    ...(options.simulator === undefined ? {} : { simulator: options.simulator }),
    ...(options.form && { form: options.form }),
    prompts: { contentSha256: promptSet.contentSha256, train, dev, test },
  };
  return { setting, ids };
}

interface Watch {
  readonly children: readonly Child[];
  readonly signal: AbortSignal;
  readonly planned: PlannedSeconds | undefined;
  readonly progress: Progress;
}

/** Both experiments, when they have succeeded; the base model's tasks are the RLCD experiment's too. */
async function watch(
  client: Client,
  ids: { readonly rlcd: string; readonly base: string },
  { children, signal, planned, progress }: Watch,
): Promise<[rlcd: ExperimentDetail, base: ExperimentDetail]> {
  const onChange: Parameters<typeof follow>[0]['onChange'] = (stages, overall) =>
    progress.show(stages, overall);
  const rlcd = await follow({
    client,
    experimentId: ids.rlcd,
    children,
    signal,
    ...(planned && { planned }),
    onChange,
  });
  const base = await follow({ client, experimentId: ids.base, children, signal, onChange: () => {} });
  return [rlcd, base];
}

function stageSeconds({ stages }: ExperimentDetail): Record<string, number | null> {
  return Object.fromEntries(
    stages.map(({ name, startedAt, finishedAt }) => [
      name,
      startedAt === null || finishedAt === null ? null : (finishedAt - startedAt) / 1000,
    ]),
  );
}
