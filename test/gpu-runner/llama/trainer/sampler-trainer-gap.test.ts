/** What is sampled is what is trained: log-probabilities of the fast sampler against those of the training graph. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { openModel } from '../../../../gpu-runner/llama/backends/open-model.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { sharedModel } from '../weights/shared-models.ts';
import { familyVariants, randomAdapter, withBase } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-gap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TEMPERATURE = 0.9;
const POSITIONS = 96;
const RANK = 8;
const LIMIT = 0.002;
/** Sampler and trainer sum the vocabulary's exponentials in another order. */
const LAST_BITS = 1e-5;

/** |log p of the sampler - log p of the trainer| of every token drawn, under adapters that are not zero. */
async function gaps(
  base: BaseFile,
  prompts: readonly (readonly number[])[],
  alpha: number,
): Promise<number[]> {
  const layout = adapterLayout(base.architecture, RANK, alpha);
  const vector = randomAdapter(layout, 3).map((value) => value * 0.05);
  const session = { threads: 2 };
  const adapters = { layout, groups: 1 };
  const sampler = await Sampler.open({
    backend: await openCpuBackend(base),
    adapters,
    maximumPositions: POSITIONS,
    session,
  });
  const rollout = await sampler.sample(
    {
      prompts: prompts.map((prompt) => Int32Array.from(prompt)),
      maximumNewTokens: 40,
      seed: 5,
      rowIds: prompts.map((_, row) => row),
      temperature: TEMPERATURE,
    },
    vector,
  );
  await sampler.close();
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'tokens',
    temperature: TEMPERATURE,
    maximumTime: POSITIONS,
    microbatchRows: prompts.length,
    session,
  });
  const { width } = rollout;
  const rows = prompts.map((prompt, row) => {
    const drawn = rollout.tokens.subarray(row * width, row * width + (rollout.lengths[row] ?? 0));
    return { tokens: [...prompt, ...drawn], start: prompt.length };
  });
  const { logProbabilities } = await forwardPass.score(vector, [rows]);
  await forwardPass.close();
  return (logProbabilities[0] ?? []).flatMap((row, index) =>
    Array.from(row, (value, step) =>
      Math.abs(value - (rollout.logProbabilities[index * width + step] ?? Number.NaN)),
    ),
  );
}

/** The mean, shown with the rest. */
function meanOf(name: string, differences: readonly number[]): number {
  const mean = differences.reduce((sum, gap) => sum + gap, 0) / differences.length;
  const largest = Math.max(...differences);
  console.info(
    `${name}: mean ${mean.toExponential(2)}, largest ${largest.toExponential(2)}, ${differences.length} tokens`,
  );
  return mean;
}

/** `count` prompts of many lengths. */
function madeUpPrompts(count: number, vocabularySize: number): number[][] {
  return Array.from({ length: count }, (_, row) =>
    Array.from(
      { length: 1 + ((row * 5) % 37) },
      (_unused, index) => (row * 31 + index * 17 + 3) % vocabularySize,
    ),
  );
}

describe.each(familyVariants)('the sampler and the trainer agree on a model with %s', (name, shape) => {
  it('to the last bits of the final softmax', async () => {
    const architecture = { ...shape, eosTokens: [] };
    await withBase(architecture, 'int8', 3, async (base) => {
      const differences = await gaps(base, madeUpPrompts(12, shape.vocabularySize), 2 * RANK);
      expect(differences.length).toBeGreaterThan(200);
      meanOf(name, differences);
      expect(Math.max(...differences)).toBeLessThan(LAST_BITS);
    });
  });
});

describe('the sampler and the trainer agree under adapters', () => {
  it('on stories3M', async (context) => {
    const file = sharedModel('stories3M-q80/stories3M-q80.bin', context);
    const { base, tokenizer } = await openModel(file, { cacheDirectory: folder, precision: 'int8' });
    const prompts = ['One day, a little girl named', 'Tom had a big', 'The dog was'].flatMap((text) =>
      Array.from({ length: 4 }, () => Array.from(tokenizer.encode(text, { bos: true }))),
    );
    // A factor of 1 (alpha = rank) takes another kernel of the engine.
    for (const alpha of [2 * RANK, RANK]) {
      const differences = await gaps(base, prompts, alpha);
      expect(differences.length).toBeGreaterThan(200);
      expect(meanOf(`stories3M, alpha ${alpha}`, differences)).toBeLessThan(LIMIT);
    }
  });

  it('on a made-up model of the m3 shape, prompts of many lengths', async () => {
    const shape = namedShapes.m3;
    const base = await writeRandomBase(join(folder, 'm3'), shape, 'int8', 3);
    const differences = await gaps(base, madeUpPrompts(12, shape.vocabularySize), 2 * RANK);
    expect(differences.length).toBeGreaterThan(200);
    expect(meanOf('m3', differences)).toBeLessThan(LIMIT);
  });
});
