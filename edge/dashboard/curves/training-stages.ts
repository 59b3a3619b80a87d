/** The stages of an experiment that draw curves, the policy first: it is what people come for. */
import type { ExperimentDetail } from '../app/types.ts';
import type { Run } from './charts.ts';

const ORDER = ['ppo', 'distill', 'train-preference-model'];

interface Training {
  readonly name: string;
  readonly waitsFor: string | null;
  /** Without the names of its metrics. */
  readonly run: Omit<Run, 'names'>;
}

/** @param label of the runs, where others stand beside them */
export function trainingOf({ stages }: ExperimentDetail, label: string): Training[] {
  return stages
    .filter(({ kind }) => ORDER.includes(kind))
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .flatMap(({ name, waitsFor, parameters, tasks: [task] }) => {
      if (!task) return [];
      const { rollouts, klEstimator } = parameters;
      const run = {
        taskId: task.id,
        label,
        rollouts: typeof rollouts === 'number' ? rollouts : undefined,
        klEstimator: typeof klEstimator === 'string' ? klEstimator : undefined,
      };
      return [{ name, waitsFor, run }];
    });
}
