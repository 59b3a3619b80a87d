/** The comparison's course: materials, plan or edge and runner, experiments, evidence, report. */
import { join, relative } from 'node:path';
import { PROMPT_TOKENS } from '../../../shared/planner/stage-weights.ts';
import type { ReportDocument } from '../../../shared/report/document.ts';
import { adminClient, openDataFolder, type DataFolder } from '../../experiment/data-folder.ts';
import { countPrompts } from '../../experiment/prompt-counts.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { stopAll, type Child } from '../../processes/child.ts';
import { edgeUrl, startEdge } from '../../processes/edge-process.ts';
import { portOf } from '../../processes/free-port.ts';
import { startRunner } from '../../processes/runner-process.ts';
import { createProgress, type OverallView, type ProgressOutput } from '../../terminal/progress.ts';
import type { StageView } from '../../terminal/stage-lines.ts';
import { commandOf } from './command-of.ts';
import { weighedStages } from './comparison-share.ts';
import { followAll } from './follow-all.ts';
import { judgeFolders, withJudgeFolders } from './judge-folders.ts';
import { makeReport } from './make-report.ts';
import { readMaterials, RUNNER, type Materials } from './materials.ts';
import { judgeTasks, peoplesJudge } from './people-judge.ts';
import { formatPlan, planCost } from './plan.ts';
import { register } from '../../experiment/register.ts';
import type { PaperOptions, PaperSettings } from './settings.ts';
import { requireRunnable, settingsOf, UNTRAINED, withJudge } from './settings-of.ts';
import { submitExams, submitMethods } from './submit.ts';
import { writeReport } from './write-report.ts';

interface PaperRun {
  readonly options: PaperOptions;
  /** The report or the plan goes there. */
  readonly output: Pick<NodeJS.WriteStream, 'write'>;
  /** Progress goes there. */
  readonly progress: ProgressOutput;
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
  const settings = withJudgeFolders(settingsOf(options));
  const seeds = Array.from({ length: options.seeds }, (_, index) => index + 1);
  const materials = await readMaterials(options, folder.path, signal);
  signal.throwIfAborted();
  requireRunnable(settings, materials.simulator);
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
    const models = [options.model, options.simulator ?? 'bundled', ...judgeFolders(settings)];
    children.push(startRunner({ url, key, name: RUNNER, dataFolder: folder.path, models }));
    const shown = createProgress(progress);
    const onChange = (views: readonly StageView[], overall?: OverallView) => shown.show(views, overall);
    const watch = { client, children, signal, onChange };
    const registered = await register(client, materials);
    const people = await peoplesJudge(client, materials, settings, registered, watch);
    const judged = people === undefined ? settings : withJudge(settings, people.figures.artifact);
    const experimentIds = await submitMethods(client, judged, seeds, registered);
    const examIds = await submitExams(client, judged, registered, people);
    const comparison = { ...comparisonOf(judged, seeds, materials), promptTokens: PROMPT_TOKENS };
    await followAll({
      ...watch,
      experimentIds: [...experimentIds, ...examIds],
      weighed: weighedStages(comparison),
    });
    progress.write('All experiments have ended; comparing the systems.\n');
    const document = await makeReport(client, {
      options,
      settings: judged,
      materials,
      registered,
      people,
      experimentIds,
      examIds,
      signal,
    });
    const files = await writeReport(options.report ?? join(folder.path, 'report'), document);
    output.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : summary(document, files));
  } finally {
    await stopAll(children);
  }
}

function comparisonOf(
  { methods, hyperparameters, ofMethod }: PaperSettings,
  seeds: readonly number[],
  { principle, prompts }: Materials,
) {
  const { prompts: counts } = countPrompts(prompts);
  const { form } = principle.definition;
  return { methods, seeds, hyperparameters, ...(ofMethod && { ofMethod }), form, prompts: counts };
}

async function plan(
  { options, output }: PaperRun,
  settings: PaperSettings,
  seeds: number[],
  materials: Materials,
  signal: AbortSignal,
) {
  const { model, prompts, judge, cache } = materials;
  const { texts } = countPrompts(prompts);
  const { rates, meanTokens, ...sizes } = await askEngine(
    'measure-speed',
    { source: model.source, cache, texts },
    signal,
  );
  const judged = judge === undefined ? settings : withJudge(settings, UNTRAINED);
  const comparison = { ...comparisonOf(judged, seeds, materials), promptTokens: meanTokens };
  const before = judge === undefined ? [] : judgeTasks(judge, judged);
  const planned = planCost(commandOf(options), comparison, rates, sizes, before);
  output.write(options.json ? `${JSON.stringify(planned, null, 2)}\n` : `${formatPlan(planned)}\n`);
}

function summary({ claims }: ReportDocument, files: readonly string[]): string {
  const lines = claims.map(({ claim, quantity, estimate, verdict }) => {
    const { lower, upper } = estimate.interval;
    const figures = [estimate.value, lower, upper].map((value) => (value * 100).toFixed(1));
    return `${verdict.padEnd(10)}${claim}: ${figures[0]} % [${figures[1]}, ${figures[2]}] (${quantity})`;
  });
  return `\n${[...lines, '', ...files.map((file) => relative('.', file))].join('\n')}\n`;
}
