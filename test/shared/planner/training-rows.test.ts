/** Rows of a training step: as many as score where they fit, fewer for larger models and longer texts. */
import { describe, expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { planMemory } from '../../../shared/planner/plan.ts';
import { trainingRows } from '../../../shared/planner/training-rows.ts';

describe('rows of a training step', () => {
  it('are those of scoring on story models, and fewer where a text is long or the model large', () => {
    expect(trainingRows(namedShapes.m3, 256, 8)).toBe(32);
    expect(trainingRows(namedShapes.m15, 256, 8)).toBe(32);
    expect(trainingRows(namedShapes.m135, 256, 8)).toBe(8);
    expect(trainingRows(namedShapes.m135, 2048, 8)).toBe(1);
    expect(trainingRows(namedShapes.llama30b, 4096, 8)).toBe(1);
  });

  it('keep a chat model of 135M parameters below 4 GB', () => {
    const { m135 } = namedShapes;
    const trainRows = trainingRows(m135, 256, 8);
    const workload = { sampleRows: 0, promptTokens: 0, newTokens: 256, trainRows, trainGroups: 1, rank: 8 };
    expect(planMemory('cpu', m135, workload).total).toBeLessThan(4e9);
  });
});
