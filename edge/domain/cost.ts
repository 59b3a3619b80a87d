/** What an experiment has cost so far: added up over the tasks that it asked for, so that no time counts in two experiments. */
import type { TaskView } from '../../shared/api/tasks.ts';

/** Seconds under lease of the tasks that an experiment asked for. */
export function runnerSecondsOf(tasks: readonly TaskView[], experimentId: string): number {
  return secondsOf(tasks.filter((task) => task.experimentId === experimentId));
}

const secondsOf = (tasks: readonly TaskView[]) =>
  tasks.reduce((total, { runnerSeconds }) => total + runnerSeconds, 0);

export function costOf(tasks: readonly TaskView[], experimentId: string) {
  const own = tasks.filter((task) => task.experimentId === experimentId);
  const shared = tasks.filter((task) => task.experimentId !== experimentId);
  const sum = (of: (task: TaskView) => number): number => own.reduce((total, task) => total + of(task), 0);
  return {
    runnerSeconds: secondsOf(own),
    sharedRunnerSeconds: secondsOf(shared),
    gpuSeconds: sum(({ gpuSeconds }) => gpuSeconds),
    tokens: {
      prompt: sum(({ tokens }) => tokens.prompt),
      sampled: sum(({ tokens }) => tokens.sampled),
      scored: sum(({ tokens }) => tokens.scored),
      trained: sum(({ tokens }) => tokens.trained),
    },
    tasks: tasks.length,
    sharedTasks: shared.length,
  };
}
