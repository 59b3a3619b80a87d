/** Biases and norms of every family keep their places on the way through a base: written, taken apart, written again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeTrainedBase } from '../../../../gpu-runner/llama/trainer/trained-base.ts';
import { baseSource } from '../../../../gpu-runner/llama/weights/base-source.ts';
import { BaseWriter } from '../../../../gpu-runner/llama/weights/base-writer.ts';
import { convertWeights } from '../../../../gpu-runner/llama/weights/convert.ts';
import { familyVariants, randomModel } from '../trainer/fixtures.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-layer-tensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(familyVariants)('a base with %s', (name, architecture) => {
  it('gives the bytes of the weights that it was made of', async () => {
    const place = (kind: string): string => path.join(folder, `${kind} ${name}`);
    const vector = randomModel(architecture, 7);
    const direct = await writeTrainedBase(place('direct'), architecture, 'int8', vector, 'a test');
    const exact = await writeTrainedBase(place('fp32'), architecture, 'fp32', vector, 'a test');
    const writer = await BaseWriter.create(place('again'), architecture, 'int8');
    await convertWeights(baseSource(exact).source, writer);
    const again = await writer.finish({ origin: 'trained', source: 'a test', files: [] });
    expect(again.sha256).toBe(direct.sha256);
  });
});
