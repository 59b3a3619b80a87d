/** The report of a comparison whose experiments have ended. */
import { cpus } from 'node:os';
import { basename } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import { buildReport } from '../../../shared/report/build-report.ts';
import type { ReportDocument, ReportSetting } from '../../../shared/report/document.ts';
import { labelledPairs } from '../../../shared/report/label-reports.ts';
import { readEvidence } from '../../../shared/report/read-evidence.ts';
import { measureAgreement } from './agreement.ts';
import { commandOf } from './command-of.ts';
import { LEXICON, peoplesGold } from './gold.ts';
import { baseJudged, basePairs, humanJudged } from './judged-pairs.ts';
import type { Materials } from './materials.ts';
import type { PeoplesJudge } from './people-judge.ts';
import type { Registered } from '../../experiment/register.ts';
import type { PaperOptions, PaperSettings } from './settings.ts';

interface ReportOptions {
  readonly options: PaperOptions;
  readonly settings: PaperSettings;
  readonly materials: Materials;
  readonly registered: Registered;
  readonly people: PeoplesJudge | undefined;
  readonly experimentIds: readonly string[];
  readonly examIds: readonly string[];
  readonly signal: AbortSignal;
}

/** @throws ReportError where an experiment has not succeeded; the signal's reason */
export async function makeReport(client: Client, options: ReportOptions): Promise<ReportDocument> {
  const { materials, settings, registered, people, experimentIds, examIds, signal } = options;
  const experiments = [];
  let finishedAt = 0;
  for (const experimentId of experimentIds) {
    experiments.push(await readEvidence(client, experimentId));
    const experiment = await client.getExperiment({ parameters: { experimentId } });
    finishedAt = Math.max(finishedAt, experiment.finishedAt ?? 0);
  }
  const { cache, form } = materials;
  const asked = { source: materials.model.source, cache, form };
  const ofBase = basePairs(experiments, settings.agreementPairs);
  const exams = await Promise.all(examIds.map(async (id) => await readEvidence(client, id)));
  const gold =
    people === undefined
      ? LEXICON
      : await peoplesGold(
          client,
          asked,
          people.figures.artifact,
          [...labelledPairs(experiments), ...ofBase],
          signal,
        );
  const human = await humanJudged(client, registered.promptSet.id, 'train', settings.agreementPairs);
  const judged = human.rows.length > 0 ? human : baseJudged(ofBase, gold);
  const agreement = await measureAgreement({ client, ...asked, experiments, judged, signal });
  const setting = settingOf(options, finishedAt);
  return buildReport({ setting, experiments, gold, agreement, exams });
}

function settingOf(
  { options, settings, materials, registered, people }: ReportOptions,
  finishedAt: number,
): ReportSetting {
  const { principle, model, simulator } = materials;
  const { promptSet } = registered;
  const { train, dev, test } = promptSet.counts;
  const modelName = basename(options.model);
  return {
    title: `RLCD and its baselines: ${principle.name} with ${modelName}, scale ${options.scale}`,
    command: commandOf(options),
    scale: options.scale,
    principle: registered.principle,
    model: {
      name: modelName,
      weightsSha256: model.weightsSha256,
      parameterCount: model.parameterCount,
    },
    ...(simulator && options.simulator !== undefined ? { simulator: options.simulator } : {}),
    prompts: { contentSha256: promptSet.contentSha256, train, dev, test },
    hyperparameters: settings.hyperparameters,
    ...(settings.ofMethod && { ofMethod: settings.ofMethod }),
    ...(people && { judgePairs: { contentSha256: people.pairsSha256, trained: people.figures.trainPairs } }),
    createdAt: new Date(finishedAt).toISOString(),
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`,
  };
}
