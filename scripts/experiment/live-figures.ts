/** The latest figures of a stage that trains, out of its metrics. */
import type { Client } from '../../shared/api/client.ts';
import type { Stage } from './detail.ts';
import { fixed } from '../../shared/report/figures.ts';

type Metrics = Awaited<ReturnType<Client['listTaskMetrics']>>['metrics'];

/**
 * The last value of every metric of that name; PPO has one for each policy (`objective/kl@kl=0.1`). Of n points the last has
 * a step of n - 1 at least, and what is asked for from there on is a point or two, where a whole curve that is thinned out
 * would keep the least and the greatest.
 */
async function latest(client: Client, taskId: string, metrics: Metrics, metric: string) {
  const own = metrics.filter(({ name }) => name === metric || name.startsWith(`${metric}@`));
  const curves = await Promise.all(
    own.map(async ({ name, points: count }) => {
      const query = { name, from: Math.max(0, count - 1) };
      const { points } = await client.getCurve({ parameters: { taskId }, query });
      return points.at(-1)?.[1];
    }),
  );
  return curves.flatMap((value) => value ?? []);
}

function range(label: string, values: readonly number[], digits: number): string[] {
  if (values.length === 0) return [];
  const [least, greatest] = [fixed(Math.min(...values), digits), fixed(Math.max(...values), digits)];
  return [least === greatest ? `${label} ${least}` : `${label} ${least} to ${greatest}`];
}

/** `reward 0.31 to 0.52  KL 1.4 to 3.9  2100 tokens/s`; empty where there is nothing to tell yet. */
export async function liveFigures(client: Client, stage: Stage): Promise<string> {
  const [task] = stage.tasks;
  if (task?.status !== 'leased' || stage.tasks.length > 1) return '';
  if (stage.kind !== 'ppo' && stage.kind !== 'train-preference-model') return '';
  const taskId = task.id;
  const { metrics } = await client.listTaskMetrics({ parameters: { taskId } });
  const last = (metric: string) => latest(client, taskId, metrics, metric);
  if (stage.kind === 'train-preference-model') {
    const [loss, accuracy] = [await last('preference/loss'), await last('preference/accuracy')];
    return [...range('loss', loss, 3), ...range('accuracy', accuracy, 2)].join('  ');
  }
  return [
    ...range('reward', await last('objective/scores'), 2),
    ...range('KL', await last('objective/kl'), 1),
    ...(await last('timing/tokens_per_second')).map((speed) => `${Math.round(speed)} tokens/s`),
  ].join('  ');
}
