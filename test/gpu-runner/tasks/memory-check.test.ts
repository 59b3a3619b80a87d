/** What a task is taken to hold, and its refusal before anything is loaded. */
import { describe, expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { describeFailure } from '../../../gpu-runner/runner/failure.ts';
import {
  deviceMemoryBytes,
  MemoryRefusedError,
  refuseTooLarge,
  taskWorkload,
} from '../../../gpu-runner/tasks/memory-check.ts';
import { planMemory } from '../../../shared/planner/plan.ts';

const model = { architecture: namedShapes.llama7b } as Model;
const parameters = {
  klCoefficients: [0.01, 0.1],
  advantageEstimator: 'gae',
  maximumPromptTokens: 192,
  maximumNewTokens: 300,
  microbatchSize: 32,
  rank: 8,
};
type Task = Parameters<typeof refuseTooLarge>[0];
const ppo = { kind: 'ppo', parameters, baseModel: { name: 'llama7b' } } as unknown as Task;
const simulate = { kind: 'simulate', parameters: { maximumNewTokens: 64 } } as unknown as Task;

describe('a task', () => {
  it('holds a sampler and twice as many trained groups as policies', () => {
    expect(taskWorkload(ppo, model)).toEqual({
      sampleRows: 16,
      readRows: 4,
      promptTokens: 192,
      newTokens: 300,
      trainRows: 32,
      trainGroups: 4,
      rank: 8,
    });
  });

  it('holds the policies alone where answers to a prompt are compared', () => {
    const grouped = { ...ppo, parameters: { ...parameters, advantageEstimator: 'rloo' } } as unknown as Task;
    expect(taskWorkload(grouped, model).trainGroups).toBe(2);
  });

  it('that only samples trains nothing', () => {
    expect(taskWorkload(simulate, model)).toMatchObject({ sampleRows: 16, trainRows: 0, promptTokens: 64 });
  });
});

describe('the refusal', () => {
  it('names the task, the model, both sizes and a batch that fits, and is final', () => {
    const { total } = planMemory('cuda', namedShapes.llama7b, taskWorkload(ppo, model));
    const refuse = () => refuseTooLarge(ppo, model, 'cuda', 40e9);
    expect(total).toBeGreaterThan(40e9);
    expect(refuse).toThrow(MemoryRefusedError);
    expect(refuse).toThrow(/^ppo on llama7b needs [\d.]+ GB, the card has 40\.0 GB: use batch \d+/);
    expect(describeFailure(new MemoryRefusedError('too large'))).toMatchObject({
      code: 'out-of-memory',
      retryable: false,
    });
  });

  it('does not come where it fits, or where nobody knows the limit', () => {
    refuseTooLarge(ppo, model, 'cuda', 1e12);
    refuseTooLarge(ppo, model, 'cuda', null);
    expect(deviceMemoryBytes('cpu')).toBeGreaterThan(1e8);
  });
});
