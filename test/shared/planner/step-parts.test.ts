/** How a training step is cut and dealt: every part once, equal work, the same on every machine. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import {
  dealtParts,
  GRADIENT_SUMS,
  laneCount,
  partCount,
  partTokens,
} from '../../../shared/planner/step-parts.ts';

describe('the parts of a step', () => {
  it('read fewer tokens the wider a model is', () => {
    const { m3, m15, m135, llama7b } = namedShapes;
    expect([m3, m15, m135, llama7b].map(partTokens)).toEqual([1024, 1024, 512, 512]);
  });

  it('are as many for each sum and no larger than asked; a small batch is one', () => {
    expect(partCount(255, 512)).toBe(1);
    expect(partCount(256, 512)).toBe(2);
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 1e6 }), fc.integer({ min: 1, max: 4096 }), (tokens, most) => {
        const count = partCount(tokens, most);
        expect(count % GRADIENT_SUMS).toBe(0);
        expect(tokens / count).toBeLessThanOrEqual(most);
        expect(count === GRADIENT_SUMS || tokens / (count - GRADIENT_SUMS) > most).toBe(true);
      }),
    );
  });

  it('are dealt once each, in their order, and the sums differ by no more than the largest part', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, (parts) => {
        const sums = dealtParts(parts);
        expect(sums).toHaveLength(GRADIENT_SUMS);
        expect(sums.flat().toSorted((one, other) => one - other)).toEqual(parts.map((_, part) => part));
        for (const sum of sums) expect(sum).toEqual(sum.toSorted((one, other) => one - other));
        const tokens = sums.map((sum) => sum.reduce((total, part) => total + (parts[part] ?? 0), 0));
        expect(Math.max(...tokens) - Math.min(...tokens)).toBeLessThanOrEqual(Math.max(...parts));
      }),
    );
    expect(dealtParts([5, 5, 5])).toEqual([[0, 2], [1]]);
  });
});

it('sessions are as many as threads and memory for the weights allow', () => {
  expect([1, 2, 16].map((threads) => laneCount(135e6, threads))).toEqual([1, 2, 2]);
  expect(laneCount(1.1e9, 16)).toBe(1);
});
