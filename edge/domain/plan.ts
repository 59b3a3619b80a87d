/** The planner: from what has ended to what may begin. Pure: it reads a state and says what follows from it. */
import { taskSchemas } from '../../shared/api/tasks/kinds.ts';
import type { ExperimentState, PlannedTask, StageState } from './experiment.ts';
import { METHOD_STAGES, type InputRule, type StageRule } from '../../shared/method-stages.ts';
import type { TaskPrinciple, TaskSpecification } from './task-key.ts';

/** What to do next for one stage. */
export type Step =
  | { readonly kind: 'begin'; readonly stage: StageState; readonly tasks: readonly TaskSpecification[] }
  | { readonly kind: 'succeed'; readonly stage: StageState }
  | { readonly kind: 'fail'; readonly stage: StageState; readonly reason: string };

/** A stage has no task for what its rule reads: the method's table is wrong. */
class PlanError extends Error {
  constructor(stage: string, what: string) {
    super(`stage ${stage}: ${what}; the method's table and the task's outputs do not fit`);
    this.name = 'PlanError';
  }
}

type TaskInput = TaskSpecification['inputs'][number];

/** The next step of an experiment; undefined: it waits for runners, or it is done. */
export function nextStep(experiment: ExperimentState): Step | undefined {
  const rules = METHOD_STAGES[experiment.method];
  for (const rule of rules) {
    const stage = experiment.stages.find(({ name }) => name === rule.name);
    if (stage?.status === 'running') {
      const failed = stage.tasks.find(({ status }) => status === 'failed');
      if (failed) return { kind: 'fail', stage, reason: failed.failure ?? 'The task failed' };
      if (stage.tasks.every(({ status }) => status === 'succeeded')) return { kind: 'succeed', stage };
    }
    if (stage?.status === 'waiting' && rule.inputs.every(({ from }) => hasSucceeded(experiment, from))) {
      return { kind: 'begin', stage, tasks: specify(experiment, rule, stage) };
    }
  }
  return undefined;
}

function hasSucceeded(experiment: ExperimentState, name: string): boolean {
  return experiment.stages.some((stage) => stage.name === name && stage.status === 'succeeded');
}

function specify(experiment: ExperimentState, rule: StageRule, stage: StageState): TaskSpecification[] {
  const count = rule.sharded ? experiment.shards : 1;
  return Array.from({ length: count }, (_, index) => ({
    kind: rule.kind,
    shard: { index, count },
    seed: experiment.seed,
    parameters: stage.parameters,
    principle: readPrinciple(rule, stage, experiment.principle),
    baseModel: rule.bySimulator ? experiment.simulator : experiment.baseModel,
    prompts: stage.prompts,
    inputs: [
      ...rule.inputs.flatMap((input) => resolve(experiment, rule, input, index)),
      ...judgeModels(rule, stage),
    ],
  }));
}

/** What a stage reads of the principle. Plain samples read nothing of it, so all principles share them. */
function readPrinciple(rule: StageRule, stage: StageState, principle: TaskPrinciple): TaskPrinciple | null {
  if (rule.principle === undefined || stage.parameters['sides'] === 'plain') return null;
  if (rule.principle === 'instructions') return principle;
  const affixPairs = principle.affixPairs.map(({ positive, negative }) => ({ positive, negative }));
  return { ...principle, affixPairs };
}

/** The preference models that a stage judges by. */
function judgeModels({ kind }: StageRule, stage: StageState): TaskInput[] {
  if (kind !== 'judge' && kind !== 'examine' && kind !== 'frontier' && kind !== 'trajectory') return [];
  return taskSchemas[kind].parameters
    .parse(stage.parameters)
    .judges.flatMap((judge) =>
      typeof judge !== 'string' && judge.kind === 'preference-model'
        ? [{ name: `judge-${judge.artifact.sha256}`, ...judge.artifact }]
        : [],
    );
}

function resolve(experiment: ExperimentState, rule: StageRule, input: InputRule, shard: number): TaskInput[] {
  const source = experiment.stages.find(({ name }) => name === input.from);
  const tasks = source?.tasks ?? [];
  const as = input.as ?? input.output;
  const output = (name: string, task: PlannedTask | undefined): TaskInput => {
    const found = task?.outputs.find((candidate) => candidate.name === input.output);
    if (!found) throw new PlanError(rule.name, `${input.from} has no output ${input.output}`);
    return { name, sha256: found.sha256, bytes: found.bytes };
  };
  const take: Record<InputRule['take'], () => TaskInput[]> = {
    one: () => [output(as, tasks[0])],
    'same-shard': () => [output(as, tasks[shard])],
    shards: () => tasks.map((task, index) => output(`${as}-${String(index).padStart(4, '0')}`, task)),
    prefix() {
      const found = (tasks[0]?.outputs ?? []).filter(({ name }) => name.startsWith(input.output));
      if (found.length === 0) {
        throw new PlanError(rule.name, `${input.from} has no output ${input.output}...`);
      }
      return found
        .map(({ name, sha256, bytes }) => ({ name, sha256, bytes }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
  return take[input.take]();
}
