/** Runs of PPO policy by policy, as judges see them that no reward knows, and what the over-optimisation alarm was worth there. */
import { judgedRun, type JudgedRun } from '../alarm/judged-run.ts';
import { trajectoryResult } from '../api/tasks/trajectory.ts';
import { quantile } from '../statistics/summary.ts';
import { wilsonInterval } from '../statistics/wilson-interval.ts';
import type { TaskResult } from '../api/tasks/kinds.ts';
import type { AlarmReport, TrajectoryReport } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { alarmReports } from './stage-reports.ts';

type Run = TrajectoryReport['runs'][number];

/** One report a judge, in the order in which judges occur; none where no experiment has a trajectory. */
export function trajectoryReports(experiments: readonly ExperimentEvidence[]): TrajectoryReport[] {
  const judges = new Set(experiments.flatMap(({ trajectory }) => trajectory.map(({ judge }) => judge)));
  return [...judges].map((judge) => {
    const runs = experiments.flatMap((experiment) => runsOf(experiment, judge));
    return { judge, runs, alarm: worthOf(runs) };
  });
}

/** One for each KL coefficient of an experiment. */
function runsOf(experiment: ExperimentEvidence, judge: string): Run[] {
  const { trajectory, results } = experiment;
  const rows = trajectory.filter((row) => row.judge === judge);
  if (rows.length === 0) return [];
  const { points } = trajectoryResult.parse(results['trajectory']?.[0]);
  return alarmReports([experiment]).map((alarm) => {
    const { klCoefficient } = alarm;
    const ofRun = (one: { readonly klCoefficient: number }) => one.klCoefficient === klCoefficient;
    return runOf(judge, points.filter(ofRun), rows.filter(ofRun), alarm);
  });
}

function runOf(
  judge: string,
  points: TaskResult<'trajectory'>['points'],
  rows: ExperimentEvidence['trajectory'],
  { method, seed, klCoefficient, raised, chosenSteps }: AlarmReport,
): Run {
  const policies = points.map(({ steps }) => ({
    steps,
    shares: rows.filter((row) => row.steps === steps).map(({ share }) => share),
  }));
  return {
    method,
    seed,
    klCoefficient,
    points: points.map(({ steps, kl, klInterval, tokens, distinct2, verdicts }) => {
      const verdict = verdicts.find((one) => one.judge === judge);
      if (verdict === undefined) throw new RangeError(`${judge} said nothing of ${steps} steps`);
      return {
        steps,
        kl: { value: kl, interval: klInterval },
        winRate: { value: verdict.winRate, interval: verdict.interval },
        tokens: tokens.mean,
        distinct2,
      };
    }),
    ...judgedRun(policies, raised?.step ?? null, chosenSteps),
  };
}

/** Gains below it are too small for a share of them to mean something. */
const LEAST_GAIN = 0.05;

function raisedIn(runs: readonly JudgedRun[]) {
  const raised = runs.filter(({ alarm }) => alarm.raisedAt !== null).length;
  return {
    runs: runs.length,
    raised,
    interval: runs.length === 0 ? null : wilsonInterval(raised, runs.length),
  };
}

/** Median over runs that gained of the share of the best gain that a policy keeps. */
function kept(runs: readonly JudgedRun[], winRate: (run: JudgedRun) => number): number | null {
  const shares = runs
    .filter(({ best }) => best.winRate - 0.5 >= LEAST_GAIN)
    .map((run) => (winRate(run) - 0.5) / (run.best.winRate - 0.5));
  return shares.length === 0 ? null : quantile(shares, 0.5);
}

/** The alarm over all runs. */
function worthOf(runs: readonly JudgedRun[]): TrajectoryReport['alarm'] {
  const fallen = runs.filter(({ fellBy }) => fellBy !== null);
  const held = runs.filter(({ fellBy }) => fellBy === null);
  const leads = fallen.flatMap(({ fellBy, alarm: { raisedAt } }) =>
    raisedAt === null || fellBy === null ? [] : [fellBy - raisedAt],
  );
  const keeps = (own: readonly JudgedRun[]) => ({
    byAlarm: kept(own, ({ alarm }) => alarm.winRate),
    byLastStep: kept(own, ({ last }) => last.winRate),
  });
  return {
    fallen: { ...raisedIn(fallen), kept: keeps(fallen) },
    held: { ...raisedIn(held), kept: keeps(held) },
    lead:
      leads.length === 0
        ? null
        : {
            n: leads.length,
            minimum: quantile(leads, 0),
            median: quantile(leads, 0.5),
            maximum: quantile(leads, 1),
          },
  };
}
