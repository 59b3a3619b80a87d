/** What a comparison would cost: tokens by stage, time on this machine, memory. Nothing is run for it but a calibration. */
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { batchSizes } from '../../../gpu-runner/tasks/batch-sizes.ts';
import { planMemory } from '../../../shared/planner/plan.ts';
import { duration } from '../../../shared/report/figures.ts';
import { formatTable } from '../../terminal/table.ts';
import type { Rates } from './calibrate.ts';
import { comparisonWork, settingsOf, type Comparison, type TaskWork, type Work } from './work.ts';

interface StageCost extends Work {
  readonly stage: string;
  readonly tasks: number;
  readonly seconds: number;
}

interface Plan {
  readonly format: 'rlcd-paper-plan-1';
  readonly command: string;
  readonly rates: Rates;
  readonly stages: readonly StageCost[];
  readonly total: StageCost;
  /** Of the runner, as the memory planner counts its PPO. */
  readonly memoryBytes: number;
}

export function planCost(
  command: string,
  comparison: Comparison,
  rates: Rates,
  architecture: Architecture,
): Plan {
  const work = comparisonWork(comparison);
  const stages = [...Map.groupBy(work, ({ stage }) => stage)].map(([stage, tasks]) =>
    cost(stage, tasks, rates),
  );
  return {
    format: 'rlcd-paper-plan-1',
    command,
    rates,
    stages,
    total: cost('all', work, rates),
    memoryBytes: memoryOf(comparison, architecture),
  };
}

function cost(stage: string, tasks: readonly TaskWork[], rates: Rates): StageCost {
  const sum = (of: keyof Work) => tasks.reduce((total, task) => total + task[of], 0);
  const [sampled, read, trained] = [sum('sampled'), sum('read'), sum('trained')];
  const tokens = sampled / rates.sampled + read / rates.read + trained / rates.trained;
  const seconds = tokens + tasks.length * rates.secondsPerTask;
  return { stage, tasks: tasks.length, sampled, read, trained, seconds };
}

/** PPO with all coefficients side by side, policies and value models: the largest task of a comparison. */
function memoryOf({ hyperparameters, promptTokens }: Comparison, architecture: Architecture): number {
  const ppo = settingsOf('ppo', hyperparameters);
  return planMemory('cpu', architecture, {
    sampleRows: Math.min(ppo.rollouts * ppo.klCoefficients.length, batchSizes({ architecture }).sampleRows),
    promptTokens: Math.ceil(promptTokens),
    newTokens: ppo.maximumNewTokens,
    trainRows: ppo.microbatchSize,
    trainGroups: 2 * ppo.klCoefficients.length,
    rank: ppo.rank,
  }).total;
}

const millions = (tokens: number) => (tokens / 1e6).toFixed(2);

/** The plan for a person. */
export function formatPlan({ command, rates, stages, total, memoryBytes }: Plan): string {
  const row = ({ stage, tasks, sampled, read, trained, seconds }: StageCost) => [
    stage,
    String(tasks),
    millions(sampled),
    millions(read),
    millions(trained),
    duration(seconds),
  ];
  const head = ['stage', 'tasks', 'sampled (M)', 'read (M)', 'trained (M)', 'time'];
  const perSecond = (rate: number) => Math.round(rate).toLocaleString('en');
  return [
    `Plan of: ${command}`,
    formatTable(head, [...stages.map(row), row(total)]),
    `Tokens in millions, responses taken as long as they may be; equal work counted once. Memory of the runner: about ${(memoryBytes / 1e9).toFixed(1)} GB.`,
    `Rates measured on this machine just now (${duration(rates.measuredSeconds)}): ${perSecond(rates.sampled)} tokens/s sampled, ${perSecond(rates.trained)} trained, ${perSecond(rates.read)} read (taken as three times the trained), ${rates.secondsPerTask.toFixed(1)} s to open the engine for a task.`,
  ].join('\n\n');
}
