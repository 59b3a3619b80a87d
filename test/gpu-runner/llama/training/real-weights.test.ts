/** Real weights: bits per character in fp32 and 8-bit, and how far the sampler is from the trainer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { type Model, openModel } from '../../../../gpu-runner/llama/import/open-model.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/import/weight-layout.ts';
import { Sampler } from '../../../../gpu-runner/llama/rollout/sampler.ts';
import type { Sequence } from '../../../../gpu-runner/llama/training/batch.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/training/lora-layout.ts';
import { Scorer } from '../../../../gpu-runner/llama/training/scorer.ts';
import { readSharedData } from '../../../shared/read-shared-data.ts';
import { sharedModel } from '../import/shared-models.ts';
import { randomAdapter } from './fixtures.ts';

const STORIES = 60;
const LONGEST = 512;

const folder = mkdtempSync(join(tmpdir(), 'rlcd-real-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function stories3M(context: TestContext, precision: BasePrecision): Promise<Model> {
  const file = sharedModel('stories3M-q80/stories3M-q80.bin', context);
  return await openModel(file, { cacheDirectory: folder, precision });
}

function stories(context: TestContext): string[] {
  const text = readSharedData('data/tinystories-sample/tinystories_sample.txt');
  context.skip(text === null, '../shared/data/tinystories-sample is absent');
  return (text ?? '')
    .split('<|endoftext|>')
    .slice(0, STORIES)
    .map((story) => story.trim());
}

/** Nats and characters of the stories: each from BOS with a leading space, cut at 512 tokens. */
async function measure(
  model: Model,
  texts: readonly string[],
): Promise<{ bitsPerCharacter: number; nats: number }> {
  const { base, tokenizer } = model;
  const rows: Sequence[] = texts.map((text) => ({
    tokens: tokenizer.encode(text, { bos: true }).slice(0, LONGEST),
    start: 1,
  }));
  const layout = adapterLayout(base.configuration, 1, 1);
  const scorer = await Scorer.open({
    trainable: { kind: 'adapters', base, layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: LONGEST,
    microBatchRows: 10,
    session: { threads: 2 },
  });
  const { logProbabilities } = await scorer.score(new Float32Array(layout.length), [rows]);
  await scorer.close();
  const scores = logProbabilities.flat();
  const nats = -scores.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  const tokens = scores.reduce((sum, row) => sum + row.length, 0);
  const characters = rows.reduce((sum, row) => sum + tokenizer.decode(row.tokens).length, 0);
  return { bitsPerCharacter: nats / Math.LN2 / characters, nats: nats / tokens };
}

describe('stories3M on 60 stories', () => {
  it('reads 0.448 bits per character in fp32, and within 0.5 % of that in 8-bit', async (context) => {
    const texts = stories(context);
    const float = await measure(await stories3M(context, 'fp32'), texts);
    const eightBit = await measure(await stories3M(context, 'int8'), texts);
    console.info(
      `fp32 ${float.bitsPerCharacter.toFixed(5)} bits per character, ${float.nats.toFixed(4)} nats a token; ` +
        `8-bit ${eightBit.bitsPerCharacter.toFixed(5)}, ${eightBit.nats.toFixed(4)}`,
    );
    expect(float.bitsPerCharacter).toBeGreaterThan(0.4475);
    expect(float.bitsPerCharacter).toBeLessThan(0.4485);
    expect(Math.abs(eightBit.bitsPerCharacter / float.bitsPerCharacter - 1)).toBeLessThan(0.005);
  }, 240_000);
});

describe('the sampler and the trainer', () => {
  it('give most sampled tokens the same log-probability to fp32 rounding, under adapters', async (context) => {
    const { base, tokenizer } = await stories3M(context, 'int8');
    const layout = adapterLayout(base.configuration, 8, 16);
    const vector = randomAdapter(layout, 3).map((value) => value * 0.05);
    const prompts = ['One day, a little girl named', 'Tom had a big', 'The dog was'].flatMap((text) =>
      Array.from({ length: 4 }, () => tokenizer.encode(text, { bos: true })),
    );
    const sampler = await Sampler.open({
      base,
      adapters: { layout, groups: 1 },
      maximumPositions: 64,
      session: { threads: 2 },
    });
    const temperature = 0.9;
    const request = {
      prompts,
      maximumNewTokens: 40,
      seed: 5,
      rowIds: prompts.map((_, row) => row),
      temperature,
    };
    const rollout = await sampler.sample(request, vector);
    await sampler.close();
    const scorer = await Scorer.open({
      trainable: { kind: 'adapters', base, layout, groups: 1 },
      scoring: 'tokens',
      temperature,
      maximumTime: 64,
      microBatchRows: 12,
      session: { threads: 2 },
    });
    const rows = prompts.map((prompt, row) => {
      const drawn = rollout.tokens.subarray(
        row * rollout.width,
        row * rollout.width + (rollout.lengths[row] ?? 0),
      );
      return { tokens: [...Array.from(prompt), ...Array.from(drawn)], start: prompt.length };
    });
    const { logProbabilities } = await scorer.score(vector, [rows]);
    await scorer.close();
    const gaps = (logProbabilities[0] ?? []).flatMap((row, index) =>
      Array.from(row, (value, offset) =>
        Math.abs(value - (rollout.logProbabilities[index * rollout.width + offset] ?? Number.NaN)),
      ),
    );
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? Number.NaN;
    console.info(
      `gap: mean ${mean.toExponential(2)}, median ${median.toExponential(2)}, largest ` +
        `${Math.max(...gaps).toExponential(2)}, ${gaps.length} tokens`,
    );
    expect(gaps.length).toBeGreaterThan(200);
    // Most tokens agree to the last bits of fp32. Where a sum in another order tips one activation over the edge of its
    // 8-bit step, the rest of that row is a rounding error apart, as any two 8-bit forwards are.
    expect(median).toBeLessThan(1e-5);
    expect(mean).toBeLessThan(0.05);
  });
});
