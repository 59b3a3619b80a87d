/** The form of a base on disk: where tensors lie, what a damaged base says, and that half a base never appears. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { parameterCount } from '../../../../shared/planner/model-bytes.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { openBase } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { baseLayout, layoutLength } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import { BaseWriter } from '../../../../gpu-runner/llama/weights/base-writer.ts';
import { madeUpArchitecture, temporaryFolder } from './made-up-checkpoint.ts';

const tied: Architecture = { ...madeUpArchitecture, tiedEmbedding: true };

describe.each(Object.entries(namedShapes))('layout of %s', (_name, architecture) => {
  test.each(['int8', 'fp32'] as const)('%s: aligned, in order, every parameter once', (precision) => {
    const regions = baseLayout(architecture, precision, precision === 'int8');
    let end = 0;
    for (const { offset, length, shape, dtype } of regions) {
      expect(offset % (length >= 65_536 ? 4096 : 64)).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(length).toBe(shape.reduce((a, b) => a * b, 1) * (dtype === 'int8' ? 1 : 4));
      end = offset + length;
    }
    expect(layoutLength(regions)).toBe(end);
    const weights = regions.filter(({ name }) => name.endsWith('.weight'));
    const elements = weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    // The tied 8-bit form holds its embedding a second time, as the output's columns.
    const twice = precision === 'int8' && architecture.tiedEmbedding;
    const copy = twice ? architecture.vocabularySize * architecture.hiddenSize : 0;
    expect(elements - copy).toBe(parameterCount(architecture));
  });
});

test('parameter counts of the named shapes', () => {
  const counts = Object.entries(namedShapes).map(([name, shape]) => [
    name,
    Math.round(parameterCount(shape) / 1e5) / 10,
  ]);
  expect(Object.fromEntries(counts)).toEqual({
    m3: 3.1,
    m15: 15.2,
    m135: 134.5,
    m1b: 1100,
    llama7b: 6738.4,
    llama30b: 32528.9,
  });
});

describe('random bases', () => {
  test('depend on the seed alone, and the 8-bit form rounds the fp32 form', async () => {
    const folder = temporaryFolder();
    const write = async (
      name: string,
      precision: 'int8' | 'fp32',
      seed: number,
    ): ReturnType<typeof writeRandomBase> =>
      await writeRandomBase(path.join(folder, name), tied, precision, seed);
    const [a, b, c, full] = [
      await write('a', 'int8', 1),
      await write('b', 'int8', 1),
      await write('c', 'int8', 2),
      await write('full', 'fp32', 1),
    ];
    expect(a.sha256).toBe(b.sha256);
    expect(a.sha256).not.toBe(c.sha256);
    for (const { name, shape } of full.regions) {
      const exact = await full.readFloat32(name);
      const rounded = await a.readDequantised(name);
      const largest = Math.max(...exact.map(Math.abs));
      expect(rounded.length).toBe(shape.reduce((x, y) => x * y, 1));
      const worst = Math.max(...exact.map((value, index) => Math.abs(value - (rounded[index] ?? NaN))));
      expect(worst).toBeLessThanOrEqual(largest / 127 / 2 + 1e-9);
    }
    await expect(writeRandomBase(path.join(folder, 'd'), tied, 'int8', -1)).rejects.toThrow(
      /seed must be an integer/,
    );
  });

  test('are normal: moments, quantiles, no two matrices alike', async () => {
    const architecture = { ...tied, hiddenSize: 128, intermediateSize: 512 };
    const base = await writeRandomBase(path.join(temporaryFolder(), 'b'), architecture, 'fp32', 3);
    const first = await base.readFloat32('layers.0.feedForward.gateUp.weight');
    const second = await base.readFloat32('layers.1.feedForward.gateUp.weight');
    const count = first.length;
    const scaled = first.map((value) => value * Math.sqrt(128));
    const mean = scaled.reduce((sum, value) => sum + value, 0) / count;
    const variance = scaled.reduce((sum, value) => sum + value * value, 0) / count;
    const kurtosis = scaled.reduce((sum, value) => sum + value ** 4, 0) / count;
    const within = scaled.filter((value) => Math.abs(value) < 1).length / count;
    const product =
      scaled.reduce((sum, value, index) => sum + value * (second[index] ?? 0) * Math.sqrt(128), 0) / count;
    const error = 4 / Math.sqrt(count); // four standard errors of a mean of unit variance
    expect(Math.abs(mean)).toBeLessThan(error);
    expect(Math.abs(variance - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(error * Math.sqrt(96));
    expect(Math.abs(within - 0.6827)).toBeLessThan(error / 2);
    expect(Math.abs(product)).toBeLessThan(error);
    expect([...(await base.readFloat32('norm.weight'))]).toEqual(Array(128).fill(1));
  });
});

describe('a damaged base', () => {
  const write = async (): Promise<string> =>
    (await writeRandomBase(path.join(temporaryFolder(), 'base'), madeUpArchitecture, 'int8', 1)).folder;
  const edit = (folder: string, change: (json: Record<string, unknown>) => void): void => {
    const file = path.join(folder, 'base.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    change(json);
    writeFileSync(file, JSON.stringify(json));
  };

  test('one changed byte is found by verify, not by opening', async () => {
    const folder = await write();
    const file = path.join(folder, 'base.bin');
    const bytes = readFileSync(file);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const base = await openBase(folder);
    await expect(base.verify()).rejects.toThrow(/base\.bin: has SHA-256 [0-9a-f]{64}, its description says/);
  });

  test.each<[string, (json: Record<string, unknown>) => void, RegExp]>([
    ['a newer version', (json) => (json['version'] = 4), /base\.json: version: /],
    ['an unknown field', (json) => (json['more'] = 1), /base\.json: .*more/],
    [
      'another architecture',
      (json) => Object.assign(json['architecture'] as object, { layers: 3 }),
      /tensors: do not follow/,
    ],
    [
      'a bad architecture',
      (json) => Object.assign(json['architecture'] as object, { heads: 5 }),
      /keyValueHeads/,
    ],
    ['an unknown architecture field', (json) => Object.assign(json['architecture'] as object, { x: 5 }), /x/],
    [
      'an offset of its own',
      (json) => Object.assign((json['tensors'] as object[])[2] ?? {}, { offset: 0 }),
      /tensors: do not/,
    ],
    [
      'a negative length',
      (json) => Object.assign((json['tensors'] as object[])[2] ?? {}, { length: -4 }),
      /tensors\.2\.length/,
    ],
    [
      'another length',
      (json) => Object.assign(json['binary'] as object, { length: 4 }),
      /binary\.length: is 4, the tensors take/,
    ],
    ['no hash', (json) => Object.assign(json['binary'] as object, { sha256: 'x' }), /binary\.sha256/],
  ])('%s', async (_name, change, message) => {
    const folder = await write();
    edit(folder, change);
    const failure = openBase(folder);
    await expect(failure).rejects.toThrow(ModelFileError);
    await expect(failure).rejects.toThrow(message);
  });

  test('a file cut short, and names and dtypes that it does not have', async () => {
    const folder = await write();
    const base = await openBase(folder);
    expect(() => base.region('layers.2.attention.qkv.weight')).toThrow(/this base has no such tensor/);
    await expect(base.readInt8('norm.weight')).rejects.toThrow(/norm\.weight: is float32, not int8/);
    await expect(base.readFloat32('output.weight')).rejects.toThrow(/output\.weight: is int8, not float32/);
    truncateSync(base.binaryPath, 100);
    await expect(base.readInt8('output.weight')).rejects.toThrow(/output\.weight: the file ends inside it/);
    await expect(openBase(folder)).rejects.toThrow(/base\.bin: has 100 bytes, not/);
  });
});

describe('the writer', () => {
  test('leaves nothing behind unless every tensor was written', async () => {
    const parent = temporaryFolder();
    const writer = await BaseWriter.create(path.join(parent, 'base'), madeUpArchitecture, 'int8');
    await writer.write('norm.weight', new Float32Array(24));
    await expect(writer.finish({ origin: 'trained', source: 'x', files: [] })).rejects.toThrow(
      'embedding.weight: 0 of 6336 bytes were written',
    );
    await expect(writer.write('norm.weight', new Int8Array(24))).rejects.toThrow('norm.weight is float32');
    await expect(writer.write('norm.weight', new Float32Array(24), 1)).rejects.toThrow(
      '24 elements overrun norm.weight',
    );
    await expect(writer.write('x', new Float32Array(1))).rejects.toThrow('x is not a tensor of a int8 base');
    await writer.abort();
    expect(readdirSync(parent)).toEqual([]);
  });

  test('two processes that convert the same model end in one base', async () => {
    const parent = temporaryFolder();
    const folder = path.join(parent, 'base');
    const [one, other] = await Promise.all([
      writeRandomBase(folder, madeUpArchitecture, 'int8', 1),
      writeRandomBase(folder, madeUpArchitecture, 'int8', 1),
    ]);
    expect(one.sha256).toBe(other.sha256);
    await other.verify();
    expect(readdirSync(parent)).toEqual(['base']);
  });
});
