/** What a terminal tells of a stage that trains: the latest figures, thinned out as an edge thins them. */
import { expect, it } from 'vitest';
import { liveFigures } from '../../../scripts/experiment/live-figures.ts';
import type { Stage } from '../../../scripts/experiment/detail.ts';
import type { Client } from '../../../shared/api/client.ts';
import { thinPoints } from '../../../edge/store/metric-chunks.ts';

/** Answers as the edge does, thinning out and all. */
function clientOf(curves: Readonly<Record<string, readonly number[]>>): Client {
  const pointsOf = (name: string) => (curves[name] ?? []).map((value, index) => [index + 1, value] as const);
  const answers: Pick<Client, 'listTaskMetrics' | 'getCurve'> = {
    listTaskMetrics: async () => ({
      metrics: Object.entries(curves).map(([name, values]) => ({
        name,
        points: values.length,
        minimum: Math.min(...values),
        maximum: Math.max(...values),
      })),
    }),
    getCurve: async ({ query }) => {
      const { name, maximumPoints = 1000 } = query;
      const from = Number(query.from ?? 0);
      const points = pointsOf(name).filter(([step]) => step >= from);
      const thin = thinPoints(
        points.map(([step, value]) => [step, value]),
        Number(maximumPoints),
      );
      return {
        name,
        total: points.length,
        thinned: thin.length < points.length,
        points: thin.map(([step, value]) => [step, value]),
      };
    },
  };
  return answers as Client;
}

const stage = (kind: string) => ({ kind, tasks: [{ id: 't', status: 'leased' }] }) as unknown as Stage;

it('are those of the last step, neither the least nor the greatest of the run', async () => {
  const client = clientOf({
    'preference/loss': [0.69, 0.2, 0.9, 0.45],
    'preference/accuracy': [0.5, 0.94, 0.31, 0.75],
  });
  expect(await liveFigures(client, stage('train-preference-model'))).toBe('loss 0.450  accuracy 0.75');
});

it('are a range over the policies of PPO, and nothing before there is something to tell', async () => {
  const client = clientOf({
    'objective/scores@kl=0.1': [0, 0.9, 0.31],
    'objective/scores@kl=0.2': [0, -1, 0.52],
    'objective/kl@kl=0.1': [0, 9, 1.4],
    'timing/tokens_per_second': [900, 100, 2100.4],
  });
  expect(await liveFigures(client, stage('ppo'))).toBe('reward 0.31 to 0.52  KL 1.4  2100 tokens/s');
  expect(await liveFigures(clientOf({}), stage('ppo'))).toBe('');
});
