/** The comparison's course: materials, plan or edge and runner, experiments, evidence, report. */
import { cpus } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import { hyperparameters as judgeSettings, type Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { METHOD_STAGES, settingsReadBy, type Method } from '../../../shared/method-stages.ts';
import { sentiment } from '../../../shared/judges/sentiment-judge.ts';
import { promptFormOf } from '../../../shared/dialogue/prompt-form-of.ts';
import { buildReport } from '../../../shared/report/build-report.ts';
import type { ReportDocument, ReportSetting } from '../../../shared/report/document.ts';
import type { GoldJudge } from '../../../shared/report/label-reports.ts';
import { readEvidence } from '../../../shared/report/read-evidence.ts';
import { ensureBaseModel, readBaseModel, readSimulator } from '../../experiment/base-model.ts';
import { adminClient, openDataFolder, type DataFolder } from '../../experiment/data-folder.ts';
import { ensureExperiment } from '../../experiment/experiments.ts';
import { ensurePrinciple, readPrinciple } from '../../experiment/principle.ts';
import { createProgress, type ProgressOutput } from '../../terminal/progress.ts';
import { ensurePrompts, readPrompts } from '../../experiment/prompts.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import type { Child } from '../../processes/child.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { portOf } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import { measureAgreement } from './agreement.ts';
import { commandOf } from './command-of.ts';
import { followAll } from './follow-all.ts';
import { baseJudged, humanJudged } from './judged-pairs.ts';
import { formatPlan, planCost } from './plan.ts';
import { countPrompts } from '../../experiment/prompt-counts.ts';
import { PAPER_SETTINGS, type PaperOptions, type PaperSettings } from './settings.ts';
import { writeReport } from './write-report.ts';

const RUNNER = 'runner';
/** Pairs of people that are looked at to tell whether there is an exam: it takes two different prompts. */
const EXAM_ROWS = 200;

/** Took no part in any training or labelling: it decides which response of a simulated pair is the better one. */
const GOLD: GoldJudge = { name: 'sentiment', score: (_, response) => sentiment(response) };

interface PaperRun {
  readonly options: PaperOptions;
  /** The report or the plan goes there. */
  readonly output: Pick<NodeJS.WriteStream, 'write'>;
  /** Progress goes there. */
  readonly progress: ProgressOutput;
}

interface Materials {
  readonly principle: Awaited<ReturnType<typeof readPrinciple>>;
  readonly prompts: Awaited<ReturnType<typeof readPrompts>>;
  readonly model: Awaited<ReturnType<typeof readBaseModel>>;
  /** Null: the model itself. */
  readonly simulator: Awaited<ReturnType<typeof readSimulator>>;
  /** Where the engine keeps what it converts. */
  readonly cache: string;
}

/** Runs the comparison, or plans it. @param signal stops it; every process it started has ended when it returns */
export async function runPaper(run: PaperRun, signal: AbortSignal): Promise<void> {
  const { options } = run;
  const url = edgeUrl(await portOf(options.port));
  const folder = await openDataFolder(options.data, new Date(), { command: 'rlcd paper', url });
  try {
    await runHeld(run, folder, url, signal);
  } finally {
    folder.close();
  }
}

async function runHeld(run: PaperRun, folder: DataFolder, url: string, signal: AbortSignal): Promise<void> {
  const { options, progress, output } = run;
  const settings = settingsOf(options);
  const seeds = Array.from({ length: options.seeds }, (_, index) => index + 1);
  const cache = join(folder.path, RUNNER);
  const materials: Materials = {
    principle: await readPrinciple(options.task),
    prompts: await readPrompts(options.prompts),
    model: await readBaseModel(options.model, cache, signal),
    simulator: await readSimulator(options.simulator, cache),
    cache,
  };
  signal.throwIfAborted();
  if (options.plan) {
    await plan(run, settings, seeds, materials, signal);
    return;
  }
  const children: Child[] = [];
  try {
    progress.write(`Starting the edge on ${url}, data in ${relative('.', folder.path)}\n`);
    const port = Number(new URL(url).port);
    children.push(
      await startEdge({ host: 'node', port, dataFolder: folder.path, adminKey: folder.adminKey }),
    );
    signal.throwIfAborted();
    const client = adminClient(url, folder);
    const key = await folder.runnerKey(client);
    const folders = (options.judges ?? []).flatMap((judge) =>
      typeof judge === 'object' && judge.kind === 'classifier' ? [judge.folder] : [],
    );
    const models = [options.model, options.simulator ?? 'bundled', ...folders];
    children.push(startRunner({ url, key, name: RUNNER, dataFolder: folder.path, models }));
    const submitted = await submit(client, settings, seeds, materials);
    const shown = createProgress(progress);
    await followAll({
      client,
      experimentIds: [...submitted.experimentIds, ...submitted.examIds],
      children,
      signal,
      onChange: (views) => shown.show(views),
    });
    const document = await report(client, {
      ...run,
      ...submitted,
      settings,
      materials,
      signal,
    });
    const files = await writeReport(options.report ?? join(folder.path, 'report'), document);
    output.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : summary(document, files));
  } finally {
    await Promise.all(children.toReversed().map((child) => child.stop()));
  }
}

/** Those of the scale, with the judges that the command names. */
function settingsOf({ scale, judges }: PaperOptions): PaperSettings {
  const { hyperparameters, ...settings } = PAPER_SETTINGS[scale];
  const named = judges === undefined ? {} : judgeSettings.parse({ judge: { judges } });
  return { ...settings, hyperparameters: { ...hyperparameters, ...named } };
}

async function plan(
  { options, output }: PaperRun,
  settings: PaperSettings,
  seeds: number[],
  { model, principle, prompts, cache }: Materials,
  signal: AbortSignal,
) {
  const { texts, ...counts } = countPrompts(prompts);
  const { rates, meanTokens, ...sizes } = await askEngine(
    'measure-speed',
    { source: model.source, cache, texts },
    signal,
  );
  const comparison = {
    methods: settings.methods,
    seeds,
    hyperparameters: settings.hyperparameters,
    form: principle.definition.form,
    promptTokens: meanTokens,
    ...counts,
  };
  const planned = planCost(commandOf(options), comparison, rates, sizes);
  output.write(options.json ? `${JSON.stringify(planned, null, 2)}\n` : `${formatPlan(planned)}\n`);
}

async function submit(
  client: Client,
  settings: PaperSettings,
  seeds: readonly number[],
  { principle, prompts, model, simulator: writer }: Materials,
) {
  const version = await ensurePrinciple(client, principle);
  const promptSet = await ensurePrompts(client, prompts);
  const baseModel = await ensureBaseModel(client, model);
  const simulator = writer && (await ensureBaseModel(client, writer));
  const ensure = (method: Method, seed: number) =>
    ensureExperiment(client, {
      method,
      principle: { name: principle.name, version },
      promptSet: promptSet.id,
      baseModel: baseModel.id,
      ...(simulator && simulates(method) ? { simulator: simulator.id } : {}),
      seed,
      hyperparameters: ofMethod(method, settings.hyperparameters),
    });
  const experimentIds: string[] = [];
  for (const seed of seeds) {
    for (const method of settings.methods) experimentIds.push(await ensure(method, seed));
  }
  const examIds = (await hasExam(client, promptSet.id))
    ? [await ensure('examine-judges', seeds[0] ?? 1)]
    : [];
  return { experimentIds, examIds, promptSet, version };
}

/** Whether people judged pairs of the test split, which nothing trains on: the judges are then examined by them. */
async function hasExam(client: Client, promptSetId: string): Promise<boolean> {
  const { rows } = await humanJudged(client, promptSetId, 'test', EXAM_ROWS);
  return new Set(rows.map(({ prompt }) => prompt)).size > 1;
}

/** Whether a method has a stage that the simulator works on. */
const simulates = (method: Method) => METHOD_STAGES[method].some(({ bySimulator }) => bySimulator);

/** A method takes the settings of its own stages; the edge refuses others. */
function ofMethod(method: Method, hyperparameters: Hyperparameters): Hyperparameters {
  const kinds: ReadonlySet<string> = settingsReadBy(METHOD_STAGES[method]);
  return Object.fromEntries(Object.entries(hyperparameters).filter(([kind]) => kinds.has(kind)));
}

interface ReportOptions extends PaperRun {
  readonly settings: PaperSettings;
  readonly materials: Materials;
  readonly experimentIds: readonly string[];
  readonly examIds: readonly string[];
  readonly promptSet: Awaited<ReturnType<typeof ensurePrompts>>;
  readonly version: number;
  readonly signal: AbortSignal;
}

async function report(client: Client, options: ReportOptions): Promise<ReportDocument> {
  const { materials, settings, promptSet, experimentIds, examIds, signal, progress } = options;
  progress.write('All experiments have ended; comparing the systems.\n');
  const experiments = [];
  let finishedAt = 0;
  for (const experimentId of experimentIds) {
    experiments.push(await readEvidence(client, experimentId));
    const experiment = await client.getExperiment({ parameters: { experimentId } });
    finishedAt = Math.max(finishedAt, experiment.finishedAt ?? 0);
  }
  const exams = await Promise.all(examIds.map(async (id) => await readEvidence(client, id)));
  const human = await humanJudged(client, promptSet.id, 'train', settings.agreementPairs);
  const judged = human.rows.length > 0 ? human : baseJudged(experiments, GOLD, settings.agreementPairs);
  const form = promptFormOf(materials.principle.definition.form, materials.model, undefined);
  const agreement = await measureAgreement({
    client,
    source: materials.model.source,
    cache: materials.cache,
    form,
    experiments,
    judged,
    signal,
  });
  const setting = settingOf(options, finishedAt);
  return buildReport({ setting, experiments, gold: GOLD, agreement, exams });
}

function settingOf(
  { options, settings, materials, promptSet, version }: ReportOptions,
  finishedAt: number,
): ReportSetting {
  const { principle, model, simulator } = materials;
  const { train, dev, test } = promptSet.counts;
  const modelName = basename(options.model);
  return {
    title: `RLCD and its baselines: ${principle.name} with ${modelName}, scale ${options.scale}`,
    command: commandOf(options),
    scale: options.scale,
    principle: { name: principle.name, version },
    model: {
      name: modelName,
      weightsSha256: model.weightsSha256,
      parameterCount: model.parameterCount,
    },
    ...(simulator && options.simulator !== undefined ? { simulator: options.simulator } : {}),
    prompts: { contentSha256: promptSet.contentSha256, train, dev, test },
    hyperparameters: settings.hyperparameters,
    createdAt: new Date(finishedAt).toISOString(),
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`,
  };
}

function summary({ claims }: ReportDocument, files: readonly string[]): string {
  const lines = claims.map(({ claim, quantity, estimate, verdict }) => {
    const { lower, upper } = estimate.interval;
    const figures = [estimate.value, lower, upper].map((value) => (value * 100).toFixed(1));
    return `${verdict.padEnd(10)}${claim}: ${figures[0]} % [${figures[1]}, ${figures[2]}] (${quantity})`;
  });
  return `\n${[...lines, '', ...files.map((file) => relative('.', file))].join('\n')}\n`;
}
