/** Real weights: bits per character in fp32 and 8-bit. */
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { openModel } from '../../../../gpu-runner/llama/backends/open-model.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import type { Sequence } from '../../../../gpu-runner/llama/model/sequence.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { readSharedData } from '../../../shared/read-shared-data.ts';
import { sharedModel } from '../weights/shared-models.ts';

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
  const layout = adapterLayout(base.architecture, 1, 1);
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: LONGEST,
    microbatchRows: 10,
    session: { threads: 2 },
  });
  const { logProbabilities } = await forwardPass.score(new Float32Array(layout.length), [rows]);
  await forwardPass.close();
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
  });
});
