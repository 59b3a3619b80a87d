/** The planner's formulas against the layouts they stand for, and its suggestions against every other choice. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkSteps, replicaCount, replicaThreads, runSteps } from '../../../shared/planner/cpu-sampler.ts';
import {
  adapterNumbers,
  baseBytes,
  cacheBytesPerPlace,
  keptPerToken,
  parameterCount,
  vocabularyBlock,
} from '../../../shared/planner/model-bytes.ts';
import { gigabytes, planMemory, refusal, suggestions, type Workload } from '../../../shared/planner/plan.ts';
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { cudaWeightBytes } from '../../../gpu-runner/llama/backends/cuda/cuda-layout.ts';
import { baseLayout } from '../../../gpu-runner/llama/weights/base-layout.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';

const shapes = Object.entries(namedShapes);
const devices = ['cpu', 'cuda'] as const;
const workloads: fc.Arbitrary<Required<Workload>> = fc.record({
  sampleRows: fc.integer({ min: 0, max: 256 }),
  promptTokens: fc.integer({ min: 1, max: 512 }),
  newTokens: fc.integer({ min: 0, max: 512 }),
  trainRows: fc.integer({ min: 0, max: 64 }),
  trainGroups: fc.integer({ min: 1, max: 8 }),
  rank: fc.integer({ min: 1, max: 64 }),
  readRows: fc.integer({ min: 0, max: 64 }),
});

describe("a CPU's sampler", () => {
  it('deals rows to as many sessions as have enough of them and as the weights allow', () => {
    const [cached, large] = [16 << 20, 135e6];
    expect([1, 7, 8, 64].map((rows) => replicaCount(cached, rows, 2))).toEqual([1, 1, 2, 2]);
    expect([1, 7, 8, 64].map((rows) => replicaCount(large, rows, 2))).toEqual([1, 1, 2, 2]);
    expect(replicaCount(cached, 64, 16)).toBe(16);
    expect(replicaCount(large, 256, 16)).toBe(3);
    expect(replicaCount(1.1e9, 64, 2)).toBe(1);
  });

  it('shares the threads among the sessions of a large model, and gives one to each of a model that stays in the cache', () => {
    const [cached, large] = [16 << 20, 135e6];
    expect([1, 2].map((replicas) => replicaThreads(cached, replicas, 16))).toEqual([1, 1]);
    expect([1, 2, 3].map((replicas) => replicaThreads(large, replicas, 16))).toEqual([16, 8, 5]);
    expect(replicaThreads(large, 2, 1)).toBe(1);
  });

  it('cuts a rollout into runs of whole chunks, each as long as the limit allows and never without one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.integer({ min: 1, max: 256 }),
        fc.constantFrom(1, 8, 32),
        (rowStep, rows, chunk) => {
          const steps = runSteps(rowStep, rows, chunk, 4000);
          expect(steps % chunk).toBe(0);
          expect(steps).toBeGreaterThanOrEqual(chunk);
          expect(steps === chunk || rowStep * rows * steps <= 4000 * (1 + 1e-9)).toBe(true);
          expect(rowStep * rows * (steps + chunk)).toBeGreaterThan(4000 * (1 - 1e-9));
        },
      ),
    );
  });
});

describe('the parts', () => {
  it('count what a training step keeps more of where a family norms or caps more', () => {
    const shape = namedShapes.m135;
    const { hiddenSize, heads, keyValueHeads, headSize } = shape;
    const more = (changes: Partial<Architecture>): number =>
      keptPerToken({ ...shape, ...changes }, 512, 8) - keptPerToken(shape, 512, 8);
    expect(more({ queryKeyNorm: 'head' })).toBe((2 * heads + 3 * keyValueHeads) * headSize);
    expect(more({ norm: { ...shape.norm, placement: 'both' } })).toBe(2 * hiddenSize);
    expect(more({ softCaps: { attention: 50, logits: 30 } })).toBe(512 * heads);
  });

  it.each(shapes)('of %s are those of its layouts', (_, shape) => {
    const layout = baseLayout(shape, 'int8', true).reduce((sum, { length }) => sum + length, 0);
    expect(baseBytes('cpu', shape)).toBe(layout);
    expect(baseBytes('cuda', shape)).toBe(cudaWeightBytes(shape));
    for (const rank of [1, 8, 64]) {
      expect(adapterNumbers(shape, rank)).toBe(adapterLayout(shape, rank, 16).length);
    }
    const block = vocabularyBlock(shape);
    expect(Math.log2(block) % 1).toBe(0);
    expect(block === 16 || block * shape.vocabularySize <= 4 << 20).toBe(true);
    expect(block === 128 || 2 * block * shape.vocabularySize > 4 << 20).toBe(true);
    const chunk = 2 ** Math.floor(Math.log2(4e9 / parameterCount(shape)));
    expect(chunkSteps(shape)).toBe(Math.min(32, Math.max(1, chunk)));
    const numbers = 2 * shape.layers * shape.keyValueHeads * shape.headSize;
    expect(cacheBytesPerPlace('cuda', shape)).toBe(2 * numbers);
    expect(cacheBytesPerPlace('cpu', shape)).toBe(4 * numbers);
  });

  it('add up, and grow with every size', () => {
    fc.assert(
      fc.property(
        workloads,
        fc.constantFrom(...shapes),
        fc.constantFrom(...devices),
        (work, [, shape], device) => {
          const { parts, total } = planMemory(device, shape, work);
          expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
          for (const field of Object.keys(work) as (keyof Workload)[]) {
            const more = planMemory(device, shape, { ...work, [field]: work[field] + 1 });
            expect(more.total, field).toBeGreaterThanOrEqual(total);
          }
        },
      ),
    );
  });
});

describe('a refusal', () => {
  it('comes exactly where the job does not fit, and its cures do', () => {
    fc.assert(
      fc.property(
        workloads,
        fc.constantFrom(...shapes),
        fc.constantFrom(...devices),
        fc.double({ min: 0.1, max: 1.2, noNaN: true }),
        (work, [, shape], device, share) => {
          const limit = planMemory(device, shape, work).total * share;
          const fault = refusal(device, shape, work, limit);
          expect(fault === null).toBe(share >= 1);
          if (fault === null) return;
          for (const { change, workload } of suggestions(device, shape, work, limit)) {
            expect(planMemory(device, shape, workload).total).toBeLessThanOrEqual(limit);
            expect(fault).toContain(change);
          }
        },
      ),
    );
  });

  it('suggests the largest batch of the halves that fits', () => {
    const work = { sampleRows: 64, promptTokens: 128, newTokens: 128, trainRows: 0, trainGroups: 1, rank: 8 };
    const limit = planMemory('cuda', namedShapes.llama7b, { ...work, sampleRows: 17 }).total;
    expect(refusal('cuda', namedShapes.llama7b, work, limit)).toMatch(/: use batch 16$/);
  });

  it('says so where no batch and no rank helps', () => {
    const work = { sampleRows: 8, promptTokens: 64, newTokens: 64, trainRows: 4, trainGroups: 2, rank: 8 };
    expect(refusal('cuda', namedShapes.llama30b, work, 8e9)).toMatch(
      /take a smaller model or a larger device$/,
    );
  });

  it('writes bytes with three figures', () => {
    expect([31.2e9, 24e9, 120.4e9, 0.5e9].map(gigabytes)).toEqual([
      '31.2 GB',
      '24.0 GB',
      '120 GB',
      '0.500 GB',
    ]);
  });
});
