/** What an experiment has cost so far: added up over its tasks, those that it shares with others included. */
import type { TaskView } from '../../shared/api/tasks.ts';

export function costOf(tasks: readonly TaskView[], experimentId: string) {
  const sum = (of: (task: TaskView) => number): number => tasks.reduce((total, task) => total + of(task), 0);
  return {
    runnerSeconds: sum(({ runnerSeconds }) => runnerSeconds),
    gpuSeconds: sum(({ gpuSeconds }) => gpuSeconds),
    tokens: {
      prompt: sum(({ tokens }) => tokens.prompt),
      sampled: sum(({ tokens }) => tokens.sampled),
      scored: sum(({ tokens }) => tokens.scored),
      trained: sum(({ tokens }) => tokens.trained),
    },
    tasks: tasks.length,
    sharedTasks: tasks.filter((task) => task.experimentId !== experimentId).length,
  };
}
