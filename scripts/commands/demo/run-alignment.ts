/** The course of an alignment: materials, edge, runner, experiments, result, and serving until it is stopped. */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { machineMemoryBytes } from '../../../shared/machine-memory.ts';
import { type AligningMethod, METHOD_STAGES, stagesOf } from '../../../shared/method-stages.ts';
import { HYPERPARAMETERS, type Scale } from '../../../shared/planner/alignment-settings.ts';
import { fitMicrobatches } from '../../../shared/planner/fit-microbatches.ts';
import type { PlannedSeconds } from '../../../shared/planner/stage-ends.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { edgeUrl, startEdge, type EdgeHost } from '../../processes/edge-process.ts';
import { freePort, portOf } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import { stopAll, type Child } from '../../processes/child.ts';
import { adminClient, openDataFolder, type DataFolder } from '../../experiment/data-folder.ts';
import { shapeOfConfiguration } from '../../experiment/model-shape.ts';
import { ensureExperiments } from '../../experiment/experiments.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { follow } from '../../experiment/follow.ts';
import { USUAL_PORT } from '../../experiment/options.ts';
import { judgeFigures, submitJudge, type JudgeFigures } from '../../experiment/people-judge.ts';
import { register, type Registered } from '../../experiment/register.ts';
import { createProgress, type Progress, type ProgressOutput } from '../../terminal/progress.ts';
import { leap, requireBudget, type Leap, type LeapOptions } from './leap.ts';
import { leftOutOf, readMaterials, RUNNER, type MaterialOptions, type Materials } from './materials.ts';
import { formatReport } from './report.ts';
import { buildResult, type ResultDocument, type Setting } from './result.ts';
import { firstScreen, nextSteps, stoppedText, type RunPlace } from './screen.ts';
import { JUDGE_NAMES, judgeStage, judgesWith, rememberJudge } from './train-judge.ts';

/** What the command line decides. */
export interface AlignmentOptions extends LeapOptions, MaterialOptions {
  readonly host: EdgeHost;
  readonly scale: Scale;
  /** Undefined: a fresh folder. */
  readonly data?: string | undefined;
  /** Undefined: the usual one, or any where that is taken. */
  readonly port?: number | undefined;
  readonly exit: boolean;
  readonly json: boolean;
}

/** What a run is made of beside the options of the command. */
export interface AlignmentRun {
  readonly options: AlignmentOptions;
  /** The words behind `npx rlcd` that say all of it. */
  readonly words: readonly string[];
  readonly hyperparameters: Hyperparameters;
  /** The result goes there. */
  readonly output: Pick<ProgressOutput, 'columns' | 'write'>;
  /** Progress goes there. */
  readonly progress: ProgressOutput;
}

/**
 * Aligns a model and shows the result.
 *
 * @param signal stops it; every process that it started has ended when it returns
 */
export async function runAlignment(run: AlignmentRun, signal: AbortSignal): Promise<void> {
  const { options, words, progress } = run;
  requireBudget(options);
  const startedAt = new Date();
  const port = await portOf(options.port, USUAL_PORT);
  const url = edgeUrl(port);
  const folder = await openDataFolder(options.data, startedAt, { command: `rlcd ${words[0]}`, url });
  const place: RunPlace = {
    words,
    url,
    folder: folder.path,
    keysFile: folder.keysFile,
    adminKey: folder.adminKey,
  };
  const tellStop = () => progress.write(stoppedText(place, progress.columns));
  const children: Child[] = [];
  try {
    signal.addEventListener('abort', tellStop, { once: true });
    const materials = await readMaterials(options, folder.path);
    progress.write(firstScreen(place, progress));
    progress.write(leftOutOf(materials));
    signal.throwIfAborted();
    const chosen = await leap(
      {
        options,
        hyperparameters: run.hyperparameters,
        materials,
        judge: materials.judge,
        folder: folder.path,
        cache: join(folder.path, RUNNER),
        startedAt,
        tell: (text) => progress.write(text),
      },
      signal,
    );
    signal.throwIfAborted();
    progress.write(`Starting the edge (${options.host})\n`);
    children.push(
      await startEdge({ host: options.host, port, dataFolder: folder.path, adminKey: folder.adminKey }),
    );
    signal.throwIfAborted();
    progress.write(`The dashboard answers on ${url}\n\n`);
    const client = adminClient(url, folder);
    children.push(
      startRunner({
        url,
        key: await folder.runnerKey(client),
        name: RUNNER,
        dataFolder: folder.path,
        models: [options.model, options.simulator ?? 'bundled'],
        serveUrl: edgeUrl(await freePort()),
      }),
    );
    const watch: Watch = {
      children,
      signal,
      planned: chosen.planned,
      progress: createProgress(progress),
    };
    await untilShown(client, run, { materials, chosen, folder, place, startedAt }, watch);
    if (options.exit) return;
    progress.write('Serving until Ctrl-C.\n');
    await once(signal, 'abort');
  } catch (error) {
    // Refused before anything was begun: a folder that nobody asked for would hold nothing.
    if (options.data === undefined && children.length === 0 && !signal.aborted) await folder.remove();
    throw error;
  } finally {
    signal.removeEventListener('abort', tellStop);
    await stopAll(children);
    folder.close();
  }
}

interface Course {
  readonly materials: Materials;
  readonly chosen: Leap;
  readonly folder: DataFolder;
  readonly place: RunPlace;
  readonly startedAt: Date;
}

/** Over the API from the materials to the result, and where to go from there. */
async function untilShown(
  client: Client,
  run: AlignmentRun,
  { materials, chosen, folder, place, startedAt }: Course,
  watch: Watch,
): Promise<void> {
  const { options, output, progress } = run;
  const registered = await register(client, materials);
  const { method } = options;
  const judging = { materials, registered, chosen, folder: folder.path, method };
  const judge = await trainedJudge(client, judging, watch);
  const { setting, ids } = await submit(client, run, { materials, registered, chosen, judge });
  const [rlcd, base] = await watchBoth(client, ids, judge, watch);
  const experiments = [rlcd, base, ...(judge ? [judge.experiment] : [])];
  const document: ResultDocument = await buildResult(client, experiments, setting, {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    stageSeconds: {
      ...(judge && stageSeconds(judge.experiment, JUDGE_NAMES)),
      ...stageSeconds(rlcd),
    },
    host: options.host,
    node: process.version,
    url: place.url,
    dataFolder: folder.path,
    experimentIds: { ...ids, ...(judge && { judge: judge.experiment.id }) },
  });
  const text = options.json
    ? `${JSON.stringify(document, null, 2)}\n`
    : formatReport(rlcd, document, output.columns);
  output.write(text);
  progress.write(nextSteps(place, { experimentId: ids.rlcd, serves: !options.exit }, progress.columns));
}

/** Aligns as the command line says, until it is done or stopped. */
export async function align(options: AlignmentOptions): Promise<void> {
  const hyperparameters = HYPERPARAMETERS[options.scale];
  const { stdout: output, stderr: progress } = process;
  const words = process.argv.slice(2);
  await untilStopped((signal) => runAlignment({ options, words, hyperparameters, output, progress }, signal));
}

interface Watch {
  readonly children: readonly Child[];
  readonly signal: AbortSignal;
  readonly planned: PlannedSeconds | undefined;
  readonly progress: Progress;
}

interface TrainedJudge {
  readonly experiment: ExperimentDetail;
  readonly figures: JudgeFigures;
  /** SHA-256 of the upload. */
  readonly pairsSha256: string;
}

interface JudgeContext {
  readonly materials: Materials;
  readonly registered: Registered;
  readonly chosen: Leap;
  readonly folder: string;
  readonly method: AligningMethod;
}

/** The judge that was asked for, when it is trained; its stage stands before those of the alignment. */
async function trainedJudge(
  client: Client,
  { materials, registered, chosen, folder, method }: JudgeContext,
  { progress, planned, ...watch }: Watch,
): Promise<TrainedJudge | undefined> {
  const { judge, model, form } = materials;
  const { judgePairs: pairs } = chosen;
  if (judge === undefined || pairs === undefined) return undefined;
  const { principle, baseModel } = registered;
  const { experimentId, promptSet } = await submitJudge(client, {
    judge,
    counts: { trained: pairs },
    principle,
    baseModel,
    form,
  });
  const experiment = await follow({
    client,
    experimentId,
    ...watch,
    ...(planned && { planned }),
    names: JUDGE_NAMES,
    after: stagesOf(method).map(({ name }) => name),
    onChange: (stages, overall) => progress.show(stages, overall),
  });
  await rememberJudge({ judge, model, form, folder }, pairs);
  return {
    experiment,
    figures: await judgeFigures(client, experiment),
    pairsSha256: promptSet.contentSha256,
  };
}

interface Submission {
  readonly materials: Materials;
  readonly registered: Registered;
  readonly chosen: Leap;
  readonly judge: TrainedJudge | undefined;
}

async function submit(
  client: Client,
  { options }: AlignmentRun,
  { materials, registered, chosen, judge }: Submission,
) {
  const { model } = materials;
  const { principle, promptSet, baseModel, simulator } = registered;
  const shape = shapeOfConfiguration(model.configuration);
  const fitted =
    shape === undefined
      ? chosen.hyperparameters
      : fitMicrobatches(chosen.hyperparameters, shape, machineMemoryBytes());
  const { method, seed, scale, form, placement } = options;
  const ids = await ensureExperiments(client, {
    method,
    principle,
    promptSet: promptSet.id,
    baseModel,
    ...(simulator && { simulator }),
    ...(form && { form }),
    seed,
    hyperparameters: judge ? { ...fitted, judge: { judges: judgesWith(judge.figures) } } : fitted,
    ...(chosen.planned && { plannedSeconds: ofAlignment(chosen.planned, method) }),
  });
  const { train, dev, test } = promptSet.counts;
  const setting: Setting = {
    scale,
    seed,
    principle: principle.name,
    model: { weightsSha256: model.weightsSha256, parameterCount: model.parameterCount },
    ...(options.simulator === undefined ? {} : { simulator: options.simulator }),
    ...(form && { form }),
    ...(placement && { placement }),
    prompts: { contentSha256: promptSet.contentSha256, train, dev, test },
    ...(judge && { judge: { ...judge.figures, pairsSha256: judge.pairsSha256 } }),
  };
  return { setting, ids };
}

/** Both experiments, when they have succeeded; the base model's tasks are the RLCD experiment's too. */
async function watchBoth(
  client: Client,
  ids: { readonly rlcd: string; readonly base: string },
  judge: TrainedJudge | undefined,
  { progress, planned, ...watch }: Watch,
): Promise<[rlcd: ExperimentDetail, base: ExperimentDetail]> {
  const rlcd = await follow({
    client,
    experimentId: ids.rlcd,
    ...watch,
    ...(planned && { planned }),
    ...(judge && { before: [judgeStage(judge.experiment, judge.figures)] }),
    onChange: (stages, overall) => progress.show(stages, overall),
  });
  const base = await follow({ client, experimentId: ids.base, ...watch, onChange: () => {} });
  return [rlcd, base];
}

/** Without the judge's, which is an experiment of its own. */
function ofAlignment(planned: PlannedSeconds, method: AligningMethod): PlannedSeconds {
  const names = new Set(METHOD_STAGES[method].map(({ name }) => name));
  return Object.fromEntries(Object.entries(planned).filter(([name]) => names.has(name)));
}

function stageSeconds(
  { stages }: ExperimentDetail,
  names: Readonly<Record<string, string>> = {},
): Record<string, number | null> {
  return Object.fromEntries(
    stages.map(({ name, finishedAt, runnerSeconds }) => [
      names[name] ?? name,
      finishedAt === null ? null : runnerSeconds,
    ]),
  );
}
