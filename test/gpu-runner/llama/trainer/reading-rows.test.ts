/** What is read at a time is bounded by memory, and changes no bit of what is read. */
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { passingBytes } from '../../../../shared/planner/model-bytes.ts';
import { planMemory } from '../../../../shared/planner/plan.ts';
import { readingRows } from '../../../../shared/planner/reading-rows.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { openBase } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { TensorSession } from '../../../../gpu-runner/tensor/session.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { openTinyModel, tinyConfiguration } from '../../algorithms/tiny-model.ts';
import { temporaryFolder } from '../weights/made-up-checkpoint.ts';

const { m135 } = namedShapes;

it('takes as many rows as were wanted where they are short, and fewer the longer they are', () => {
  expect([256, 512, 1024, 2048, 8192].map((time) => readingRows(m135, 32, time))).toEqual([32, 16, 8, 2, 1]);
  for (const time of [256, 512, 1024, 2048]) {
    expect(passingBytes(m135, readingRows(m135, 32, time), time)).toBeLessThanOrEqual(1e9);
  }
  // What 32 of them took at once.
  expect(passingBytes(m135, 32, 2048)).toBeGreaterThan(8e9);
});

it('bounds every pass by the longest text that it was opened for', async () => {
  const folder = path.join(temporaryFolder(), 'base');
  const architecture = { ...tinyConfiguration, maximumPositions: 16_384 };
  await writeRandomBase(folder, architecture, 'int8', 1);
  const backend = await openCpuBackend(await openBase(folder));
  const layout = adapterLayout(architecture, 1, 1);
  const runs = vi.spyOn(TensorSession.prototype, 'run');
  const sequences = [1, 2, 3, 4].map((row) => ({ tokens: Int32Array.of(1, 260 + row, 270, 280), start: 1 }));
  const runsOf = async (maximumTime: number): Promise<number> => {
    const trainable = { kind: 'adapters', backend, layout, groups: 1 } as const;
    const pass = await ForwardPass.open({ trainable, scoring: 'tokens', maximumTime, microbatchRows: 4 });
    runs.mockClear();
    await pass.score(new Float32Array(layout.length), [sequences]);
    await pass.close();
    return runs.mock.calls.length;
  };
  expect(await runsOf(64)).toBe(1);
  expect(await runsOf(10_000)).toBe(4);
  runs.mockRestore();
});

it('is planned for', () => {
  const work = { sampleRows: 0, promptTokens: 192, newTokens: 64, trainRows: 0, trainGroups: 1, rank: 8 };
  const nothing = planMemory('cpu', m135, work).parts;
  const reading = planMemory('cpu', m135, { ...work, readRows: 32 }).parts;
  // 32 rows of 256 tokens through two layers of m135 raised the process by 439 MB (2026-11-30).
  expect(reading.activations - nothing.activations).toBeGreaterThan(0.95 * 439e6);
  expect(reading.activations - nothing.activations).toBeLessThan(1.2 * 439e6);
  expect(reading.weights).toBeGreaterThan(nothing.weights);
});

it('gives the same bits however many rows go together', async () => {
  const tiny = await openTinyModel();
  try {
    const { backend } = tiny.model;
    const layout = adapterLayout(tiny.model.architecture, 1, 1);
    const trainable = { kind: 'adapters', backend, layout, groups: 1 } as const;
    const sequences = Array.from({ length: 13 }, (_, row) => ({
      tokens: Int32Array.from({ length: 20 + 5 * row }, (__, place) => 259 + ((7 * row + 3 * place) % 90)),
      start: 4 + row,
    }));
    const read = async (microbatchRows: number) => {
      const pass = await ForwardPass.open({ trainable, scoring: 'tokens', maximumTime: 96, microbatchRows });
      const { logProbabilities } = await pass.score(new Float32Array(layout.length), [sequences]);
      await pass.close();
      return logProbabilities[0];
    };
    const together = await read(13);
    for (const rows of [1, 2, 4, 8]) expect(await read(rows)).toEqual(together);
  } finally {
    tiny.close();
  }
});
