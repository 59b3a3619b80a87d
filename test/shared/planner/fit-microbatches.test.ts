/** Settings that fit the machine: halved where they must be, and otherwise the ones that were given. */
import { expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { refuseTooLarge } from '../../../gpu-runner/tasks/memory-check.ts';
import type { ImportedModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { HYPERPARAMETERS } from '../../../shared/planner/alignment-settings.ts';
import { fitMicrobatches } from '../../../shared/planner/fit-microbatches.ts';
import { PPO_DEFAULTS } from '../../../shared/api/tasks/ppo.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';

const MACHINE = 25.3e9;
const { small } = HYPERPARAMETERS;

it('PPO of a 135M chat model is not refused, however many rows its micro-batches may have: parts bound what a step holds', () => {
  const model = { architecture: namedShapes.m135 } as unknown as ImportedModel;
  const refuse = (settings: object) => () => {
    const parameters = { ...PPO_DEFAULTS, ...settings };
    const task = { kind: 'ppo', parameters, baseModel: { name: 'm135' } } as unknown as ClaimedTask;
    refuseTooLarge(task, model, 'cpu', MACHINE);
  };
  const { ppo } = fitMicrobatches(small, namedShapes.m135, MACHINE);
  expect(refuse(ppo ?? {})).not.toThrow();
  expect(refuse({ ...ppo, microbatchSize: 512, minibatchSize: 512 })).not.toThrow();
  const { ppo: long } = fitMicrobatches(
    { ppo: { ...ppo, maximumNewTokens: 2048 } },
    namedShapes.m135,
    MACHINE,
  );
  expect(refuse({ ...long, rank: 4096 })).toThrow(/needs/);
});

it('a model that fits, and a machine that nobody told of, keep the settings', () => {
  expect(fitMicrobatches(small, namedShapes.m3, MACHINE)).toBe(small);
  expect(fitMicrobatches(small, namedShapes.m135, null)).toBe(small);
});

it('a card is planned as a card', () => {
  const rows = (memory: number) =>
    fitMicrobatches(small, namedShapes.llama7b, memory, 'cuda').ppo?.microbatchSize;
  expect(rows(140e9)).toBe(32);
  expect(rows(40e9)).toBeLessThan(32);
});
