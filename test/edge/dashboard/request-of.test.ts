/** The request that makes an experiment again: what a retry sends, and what a clone begins with. */
import { expect, it } from 'vitest';
import type { ExperimentDetail } from '../../../edge/dashboard/app/types.ts';
import { requestOf } from '../../../edge/dashboard/pages/experiment/request-of.ts';
import { bodyOf, draftOf } from '../../../edge/dashboard/pages/new-experiment/draft.ts';
import { experimentEndpoints } from '../../../shared/api/experiments.ts';

function experiment(
  stages: readonly { name: string; kind: string; plannedSeconds: number | null }[],
  change: Partial<ExperimentDetail> = {},
): ExperimentDetail {
  return {
    name: 'one',
    method: 'rlcd',
    principle: { name: 'kind-stories', version: 2 },
    promptSet: { id: 'prompts', name: 'openings' },
    baseModel: { id: 'model', name: 'small' },
    simulator: null,
    form: null,
    seed: 7,
    shards: 1,
    hyperparameters: { ppo: { steps: [2] } },
    stages,
    ...change,
  } as ExperimentDetail;
}

const planned = [
  { name: 'simulate', kind: 'simulate', plannedSeconds: 12.5 },
  { name: 'ppo', kind: 'ppo', plannedSeconds: 60 },
  { name: 'judge', kind: 'judge', plannedSeconds: null },
];

it('keeps the plan, so that progress is weighed as before', () => {
  const request = requestOf(experiment(planned));
  expect(request).toMatchObject({ seed: 7, plannedSeconds: { simulate: 12.5, ppo: 60 } });
  expect(experimentEndpoints.createExperiment.body.safeParse(request).success).toBe(true);
  const without = requestOf(experiment([{ name: 'ppo', kind: 'ppo', plannedSeconds: null }]));
  expect(without).not.toHaveProperty('plannedSeconds');
});

it('leaves the plan out of a clone, which is there to be changed', () => {
  expect(bodyOf(draftOf(experiment(planned)))).not.toHaveProperty('plannedSeconds');
});

it('makes of a look the experiment that it was taken for', () => {
  const look = (method?: 'dpo') =>
    draftOf(experiment([], { method: 'look', hyperparameters: { look: { temperature: 1, method } } }));
  expect(bodyOf(look('dpo'))).toMatchObject({ method: 'dpo' });
  expect(bodyOf(look())).toMatchObject({ method: 'rlcd' });
  expect(bodyOf(look())).not.toHaveProperty('hyperparameters');
});
