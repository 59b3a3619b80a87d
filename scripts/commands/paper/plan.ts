/** What a comparison would cost: tokens by stage, time on this machine, memory. Nothing is run for it but a few batches that tell the speed. */
import type { AnswerOf, Rates } from '../../../shared/engine-questions.ts';
import { alignmentWorkload } from '../../../shared/planner/alignment-workload.ts';
import { secondsOf } from '../../../shared/planner/seconds.ts';
import { planMemory } from '../../../shared/planner/plan.ts';
import { duration } from '../../../shared/report/figures.ts';
import { formatTable } from '../../terminal/table.ts';
import { comparisonWork, type Comparison, type TaskWork, type Work } from '../../../shared/planner/work.ts';

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
  /** What the runner holds while PPO samples and trains all coefficients side by side. */
  readonly memoryBytes: number;
}

/** What the planner reads of the model and its engine. */
type EngineSizes = Pick<AnswerOf<'measure-speed'>, 'shape'>;

/** @param before tasks that the comparison waits for */
export function planCost(
  command: string,
  comparison: Comparison,
  rates: Rates,
  sizes: EngineSizes,
  before: readonly TaskWork[] = [],
): Plan {
  const work = [...before, ...comparisonWork(comparison)];
  const stages = [...Map.groupBy(work, ({ stage }) => stage)].map(([stage, tasks]) =>
    cost(stage, tasks, rates),
  );
  return {
    format: 'rlcd-paper-plan-1',
    command,
    rates,
    stages,
    total: cost('all', work, rates),
    memoryBytes: memoryOf(comparison, sizes),
  };
}

function cost(stage: string, tasks: readonly TaskWork[], rates: Rates): StageCost {
  const sum = (of: keyof Work) => tasks.reduce((total, task) => total + task[of], 0);
  const [sampled, read, trained] = [sum('sampled'), sum('read'), sum('trained')];
  const seconds = secondsOf({ sampled, read, trained }, rates, tasks.length);
  return { stage, tasks: tasks.length, sampled, read, trained, seconds };
}

function memoryOf({ hyperparameters, promptTokens }: Comparison, { shape }: EngineSizes): number {
  const workload = { ...alignmentWorkload(hyperparameters, shape), promptTokens: Math.ceil(promptTokens) };
  return planMemory('cpu', shape, workload).total;
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
