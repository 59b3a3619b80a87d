/** Builds the report of a comparison: a pure function of the evidence, so equal evidence gives equal documents. */
import { labelClaims, winClaims } from './claims.ts';
import type { AgreementReport, ReportDocument, ReportSetting } from './document.ts';
import { ReportError, type ExperimentEvidence } from './evidence.ts';
import { frontierReports } from './frontier-reports.ts';
import { trajectoryReports } from './trajectory-reports.ts';
import { examReports } from './exams.ts';
import { judgeAgreements } from './judge-agreement.ts';
import { judgeReports } from './judge-reports.ts';
import { labelReports, type GoldJudge } from './label-reports.ts';
import { alarmReports, gridReports, preferenceModelReports } from './stage-reports.ts';
import { systemReports } from './system-reports.ts';

const SAMPLES = 10;

interface ReportInput {
  readonly setting: ReportSetting;
  /** One for each method and seed. */
  readonly experiments: readonly ExperimentEvidence[];
  /** Decides which response of a simulated pair is the better one. */
  readonly gold: GoldJudge;
  /** Preference models on pairs of labelled responses, where whoever asks has measured it. */
  readonly agreement: readonly AgreementReport[];
  /** Experiments of examine-judges; what they say of judges that judged nothing here is left out. */
  readonly exams?: readonly ExperimentEvidence[];
}

/** @throws ReportError if there is no experiment, or one of a method and seed twice, or a judge was examined twice */
export function buildReport({
  setting,
  experiments,
  gold,
  agreement,
  exams = [],
}: ReportInput): ReportDocument {
  if (experiments.length === 0) throw new ReportError('a report needs at least one experiment');
  const names = experiments.map(({ method, seed }) => `${method} with seed ${seed}`);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new ReportError(`${repeated} is there twice: give each experiment once`);
  const judges = judgeReports(experiments, examReports(exams));
  return {
    format: 'rlcd-report-1',
    setting,
    seeds: [...new Set(experiments.map(({ seed }) => seed))].sort((a, b) => a - b),
    systems: systemReports(experiments),
    judges,
    judgeAgreements: judgeAgreements(experiments),
    frontiers: frontierReports(experiments),
    trajectories: trajectoryReports(experiments),
    labels: labelReports(experiments, gold),
    preferenceModels: preferenceModelReports(experiments),
    agreement: [...agreement],
    grids: gridReports(experiments),
    alarms: alarmReports(experiments),
    claims: [...labelClaims(experiments, gold), ...winClaims(judges)],
    samples: samplesOf(experiments),
    cost: costOf(experiments),
    lineage: experiments.flatMap(({ method, seed, lineage }) =>
      lineage.map(({ stage, shard, key, engineVersion, inputs, outputs }) => ({
        method,
        seed,
        stage,
        shard,
        key,
        engineVersion,
        inputs: [...inputs],
        outputs: [...outputs],
      })),
    ),
  };
}

/** The first prompts with every system's response, of the first seed. */
function samplesOf(experiments: readonly ExperimentEvidence[]): ReportDocument['samples'] {
  const [head] = experiments;
  const ofSeed = experiments.filter(({ seed }) => seed === head?.seed);
  return (head?.completions ?? []).slice(0, SAMPLES).map(({ promptId, prompt }) => ({
    prompt,
    responses: ofSeed.flatMap(({ method, completions }) =>
      completions
        .filter((row) => row.promptId === promptId)
        .map(({ completion }) => ({ system: method, text: completion })),
    ),
  }));
}

/** Tasks are counted once by their key, however many experiments used them. */
function costOf(experiments: readonly ExperimentEvidence[]): ReportDocument['cost'] {
  const keys = experiments.flatMap(({ lineage }) => lineage.map(({ key }) => key));
  const tasks = new Set(keys).size;
  return {
    runnerSeconds: experiments.reduce((sum, { runnerSeconds }) => sum + runnerSeconds, 0),
    tasks,
    sharedTasks: keys.length - tasks,
  };
}
