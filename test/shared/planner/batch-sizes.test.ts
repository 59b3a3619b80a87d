/** Rows that sample together: what their keys and values take stays bounded, whatever the model. */
import { expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import { planMemory } from '../../../shared/planner/plan.ts';

const rowsOf = (name: keyof typeof namedShapes) => batchSizes({ architecture: namedShapes[name] }).sampleRows;

it('small models sample many rows, larger ones fewer', () => {
  expect([rowsOf('m3'), rowsOf('m15'), rowsOf('m135'), rowsOf('llama7b')]).toEqual([128, 128, 64, 16]);
});

it('a chat model of 135M parameters samples in less than 4 GB', () => {
  const workload = {
    sampleRows: rowsOf('m135'),
    promptTokens: 128,
    newTokens: 64,
    trainRows: 0,
    trainGroups: 1,
    rank: 8,
  };
  expect(planMemory('cpu', namedShapes.m135, workload).total).toBeLessThan(4e9);
});
