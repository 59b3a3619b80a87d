/** A step in sessions side by side: the bits of one session, whatever the threads. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { backwardForm } from '../../../../gpu-runner/llama/backends/cpu/input-gradient.ts';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { LanguageModelTrainer } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { encodeState, initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import { openBase } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { adam, randomAdapter, randomSequences } from './fixtures.ts';

const TIME = 64;
const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-lanes-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Wide enough for lanes and for gradients in 8 bits.
const shape = { ...namedShapes.m3, hiddenSize: 256, heads: 8, layers: 2, vocabularySize: 256 };
const base = await writeRandomBase(folder, shape, 'int8', 5, true);
const stories = path.join(import.meta.dirname, '../../../../gpu-runner/models/stories');
const { architecture: bundled } = await openBase(stories);
const layout = adapterLayout(shape, 4, 8);

async function trained(threads: number, counts: readonly number[]) {
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    state: initialState([randomAdapter(layout, 3)]),
    optimiser: adam,
    maximumTime: TIME,
    microbatchRows: 64,
    session: { threads },
  });
  const losses = [];
  for (const [step, count] of counts.entries()) {
    const rows = randomSequences(count, shape.vocabularySize, [TIME / 4, TIME], 20 + step).map((tokens) => ({
      tokens,
      start: 1,
    }));
    losses.push((await trainer.step([rows], [0.01])).loss);
  }
  const bytes = Buffer.from(encodeState(trainer.state)).toString('base64');
  await trainer.close();
  return { losses, bytes };
}

it('is wide enough for gradients in 8 bits, as the bundled model, whose folder nobody may write to, is not', () => {
  expect(backwardForm(shape)).toBe('eight-bit');
  expect(backwardForm(bundled)).toBe('exact');
});

it('one thread and two train to the same bytes, over batches of one part, of a few and of many', async () => {
  const counts = [2, 17, 90, 5];
  const [one, two] = [await trained(1, counts), await trained(2, counts)];
  expect(one.losses.every(Number.isFinite)).toBe(true);
  expect(two).toEqual(one);
});

it('what was a batch of many parts is the mean of the same rows in one', async () => {
  const { losses: many } = await trained(2, [90]);
  const trainer = await LanguageModelTrainer.open({
    trainable: {
      kind: 'adapters',
      backend: { ...(await openCpuBackend(base)), partTokens: 1e6 },
      layout,
      groups: 1,
    },
    state: initialState([randomAdapter(layout, 3)]),
    optimiser: adam,
    maximumTime: TIME,
    microbatchRows: 1000,
  });
  const rows = randomSequences(90, shape.vocabularySize, [TIME / 4, TIME], 20).map((tokens) => ({
    tokens,
    start: 1,
  }));
  const { loss } = await trainer.step([rows], [0.01]);
  await trainer.close();
  expect(loss).toBeCloseTo(many[0] ?? Number.NaN, 5);
});
