/** The 8-bit way back: what its file holds, how near its gradients come to the exact ones, and for which models it is taken. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  BACKWARD_FILES,
  backwardMatrices,
  prepareBackward,
} from '../../../../../gpu-runner/llama/backends/cpu/backward-file.ts';
import { cpuBackend, openCpuBackend } from '../../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { fastestExactProduct } from '../../../../../gpu-runner/llama/backends/cpu/exact-product.ts';
import type { CpuBase } from '../../../../../gpu-runner/llama/backends/cpu/cpu-weights.ts';
import type { Architecture } from '../../../../../gpu-runner/llama/model/architecture.ts';
import { hadamardMatrix } from '../../../../../gpu-runner/llama/model/hadamard.ts';
import { adapterLayout } from '../../../../../gpu-runner/llama/model/lora-layout.ts';
import { languageModelBatch } from '../../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import type { Trainable } from '../../../../../gpu-runner/llama/trainer/graphs.ts';
import { preferenceBatch } from '../../../../../gpu-runner/llama/trainer/preference-trainer.ts';
import type { BaseFile } from '../../../../../gpu-runner/llama/weights/base-file.ts';
import { writeRandomBase } from '../../../../fixtures/random-base.ts';
import { randomAdapter, randomSequences, smallShape } from '../../trainer/fixtures.ts';
import { gradientOf } from '../../trainer/one-run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-backward-'));
afterAll(() => rmSync(folder, { recursive: true }));

let bases = 0;

/** Gate and up fall into blocks of 64, the rest into none or 16. */
const shape = smallShape({ intermediateSize: 96, vocabularySize: 160 });

async function randomBase(architecture: Architecture, isTurned = true): Promise<BaseFile> {
  return await writeRandomBase(path.join(folder, String(bases++)), architecture, 'int8', 4, isTurned);
}

describe('the backward file', () => {
  it("holds the forward's integers transposed, and gate and up turned and rounded anew by columns", async () => {
    const base = await randomBase(smallShape({ intermediateSize: 96, tiedEmbedding: false }));
    await prepareBackward(base, 'signed');
    await prepareBackward(base, 'unsigned');
    const [bytes, unsigned] = (['signed', 'unsigned'] as const).map((form) =>
      readFileSync(path.join(base.folder, BACKWARD_FILES[form])),
    );
    if (bytes === undefined || unsigned === undefined) throw new Error('two files');
    expect(unsigned.length).toBe(bytes.length);
    const matrices = backwardMatrices(base);
    expect(matrices.map(({ name }) => name)).toEqual([
      ...[0, 1].flatMap((layer) =>
        ['attention.qkv', 'attention.output', 'feedForward.gateUp', 'feedForward.down'].map(
          (name) => `layers.${layer}.${name}`,
        ),
      ),
      'output',
    ]);
    for (const { name, values, scale, block } of matrices) {
      const [outputs = 0, inputs = 0] = values.shape;
      const stored = await base.readInt8(`${name}.weight`);
      const scales = await base.readFloat32(`${name}.scale`);
      const integer = (output: number, input: number): number => {
        const place = values.offset + output * inputs + input;
        if (unsigned.readUInt8(place) !== bytes.readInt8(place) + 128) throw new Error(`${name}: ${place}`);
        return bytes.readInt8(place);
      };
      const step = (input: number): number => bytes.readFloatLE(scale.offset + 4 * input);
      expect(block).toBe(name.endsWith('gateUp') ? 64 : undefined);
      const turn = block === undefined ? undefined : hadamardMatrix(block);
      for (let input = 0; input < inputs; input++) {
        for (let output = 0; output < outputs; output++) {
          if (turn === undefined || block === undefined) {
            if (integer(output, input) !== stored[input * outputs + output] || step(input) !== 1)
              throw new Error(`${name}: ${output}, ${input}`);
            continue;
          }
          const first = output - (output % block);
          let exact = 0;
          for (let place = 0; place < block; place++) {
            const weight =
              (stored[input * outputs + first + place] ?? 0) * (scales[first + place] ?? Number.NaN);
            exact += (turn[(output % block) * block + place] ?? Number.NaN) * weight;
          }
          const off = Math.abs(exact - integer(output, input) * step(input));
          if (!(off <= 0.5001 * step(input))) throw new Error(`${name}: ${output}, ${input} off by ${off}`);
        }
      }
    }
  });

  it('of a tied model leaves the output out, and is written again when it was cut short', async () => {
    const base = await randomBase(shape);
    expect(backwardMatrices(base).map(({ name }) => name)).not.toContain('output');
    await prepareBackward(base, 'signed');
    const file = path.join(base.folder, BACKWARD_FILES.signed);
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 1));
    await Promise.all([prepareBackward(base, 'signed'), prepareBackward(base, 'signed')]);
    expect(readFileSync(file).equals(whole)).toBe(true);
    expect(readdirSync(base.folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('tells where it cannot be written, and what training needs', async (context) => {
    context.skip(process.getuid?.() === 0, 'root writes anywhere');
    const base = await randomBase(shape);
    chmodSync(base.folder, 0o500);
    await expect(prepareBackward(base, 'signed')).rejects.toThrow(
      /cannot be written, and training keeps 1 MB there/,
    );
    chmodSync(base.folder, 0o700);
  });
});

describe('the form of the way back', () => {
  it('is eight bits from a width of 512 on, whose file is made then; exact below', async () => {
    const narrow = await openCpuBackend(await randomBase(shape));
    expect(await narrow.forTraining()).toBe(narrow);
    expect(readdirSync(narrow.folder).filter((name) => name.includes('backward'))).toEqual([]);
    const wide = await openCpuBackend(
      await randomBase(
        smallShape({ hiddenSize: 512, headSize: 128, layers: 1, rope: { ...shape.rope, rotarySize: 128 } }),
      ),
    );
    expect(await wide.forTraining()).not.toBe(wide);
    expect(readdirSync(wide.folder)).toContain(BACKWARD_FILES[await fastestExactProduct()]);
  });
});

const variants: readonly (readonly [string, Architecture, boolean])[] = [
  ['tied and turned', shape, true],
  ['tied and not turned', shape, false],
  ['with an output of its own', { ...shape, tiedEmbedding: false }, true],
  ['with capped logits', { ...shape, softCaps: { attention: 20, logits: 10 } }, true],
];

describe.each(variants)('gradients of a base %s', (_name, architecture, isTurned) => {
  it('by eight bits point where the exact ones do, the forward is the same, and both exact products agree', async () => {
    const base = await randomBase(architecture, isTurned);
    const fastest = await fastestExactProduct();
    await prepareBackward(base, 'unsigned');
    await prepareBackward(base, fastest);
    const layout = adapterLayout(architecture, 4, 8);
    const vector = randomAdapter(layout, 7);
    const rows = [
      randomSequences(6, architecture.vocabularySize, [8, 24], 5).map((tokens) => ({ tokens, start: 2 })),
    ];
    const scored = rows.flat().reduce((sum, { tokens }) => sum + tokens.length - 2, 0);
    const pairs = rows.map((group) =>
      [0, 2, 4].map((row) => ({
        first: group[row]?.tokens ?? [],
        second: group[row + 1]?.tokens ?? [],
        target: 0,
      })),
    );
    const run = async (form: Pick<CpuBase, 'backward' | 'exactProduct'>) => {
      const backend = cpuBackend({ base, hasUnsignedFile: false, ...form });
      const trainable: Trainable = { kind: 'adapters', backend, layout, groups: 1 };
      const { batch } = languageModelBatch(rows, [1 / scored], trainable, 24);
      const preference = preferenceBatch(pairs, [1 / 3], trainable, 24);
      const ppo = { kind: 'ppo', policyClip: 0.2, valueClip: null } as const;
      const ones = Float32Array.from({ length: batch.feeds['tokenWeights']?.data.length ?? 0 }, () => 1);
      const like = (data: Float32Array) => ({
        dtype: 'float32' as const,
        shape: batch.feeds['tokenWeights']?.shape ?? [],
        data,
      });
      return {
        language: await gradientOf(trainable, { kind: 'language-model' }, batch.feeds, vector, 24),
        preference: await gradientOf(trainable, { kind: 'preference' }, preference.feeds, vector, 24),
        ppo: await gradientOf(
          trainable,
          ppo,
          { ...batch.feeds, oldLogProbabilities: like(ones.map(() => -5)), advantages: like(ones) },
          vector,
          24,
        ),
      };
    };
    const exact = await run({ backward: 'exact', exactProduct: 'unsigned' });
    const rounded = await run({ backward: 'eight-bit', exactProduct: 'unsigned' });
    for (const name of ['language', 'preference', 'ppo'] as const) {
      expect(rounded[name]['logProbabilities']).toEqual(exact[name]['logProbabilities']);
      expect(rounded[name]['scalars']).toEqual(exact[name]['scalars']);
      expect(cosine(rounded[name]['gradient'], exact[name]['gradient'])).toBeGreaterThan(0.999);
    }
    const entropies = [rounded, exact].map(({ ppo }) => Array.from(ppo['entropies'] ?? []));
    entropies[0]?.slice(0, scored).forEach((entropy, place) => {
      expect(Math.abs(entropy - (entropies[1]?.[place] ?? Number.NaN))).toBeLessThan(0.02);
    });
    // Where the signed product is exact it gives the same bytes; elsewhere this repeats the unsigned one.
    expect(await run({ backward: 'eight-bit', exactProduct: fastest })).toEqual(rounded);
  });
});

function cosine(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  const product = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, number, index) => sum + number * (y[index] ?? Number.NaN), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
