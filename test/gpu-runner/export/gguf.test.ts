/** What is written as GGUF, read back by this project's own reader of it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { encodeQ80 } from '../../../gpu-runner/export/q8-0.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import { encodeElements } from '../../../gpu-runner/llama/weights/element-types.ts';
import { openGgufFile } from '../../../gpu-runner/llama/weights/gguf/gguf-file.ts';
import { encodeGguf, type GgufTensor } from '../../../shared/export/gguf/container.ts';
import { normal } from '../../../shared/random.ts';

const ROWS = 3;
const COLUMNS = 64;
const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, place) => normal(1, 2, place));
const bytesOf = {
  F32: encodeElements('F32', values),
  F16: encodeElements('F16', values),
  Q8_0: encodeQ80(values),
};

async function written(tensors: readonly GgufTensor[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-gguf-'));
  const chunks = () =>
    encodeGguf(
      [
        ['general.architecture', { type: 'string', value: 'llama' }],
        ['a.count', { type: 'uint32', value: 7 }],
        ['a.number', { type: 'float32', value: 0.5 }],
        ['a.flag', { type: 'bool', value: true }],
        ['a.texts', { type: 'strings', value: ['é', '', 'b'] }],
        ['a.scores', { type: 'float32s', value: [-1, 2.5] }],
        ['a.kinds', { type: 'int32s', value: [1, -6] }],
      ],
      tensors,
    );
  await writeFiles(folder, [{ name: 'x.gguf', chunks }], () => {});
  return await openGgufFile(path.join(folder, 'x.gguf'));
}

test('metadata and tensors come back, every type in its precision', async () => {
  const names = ['F32', 'F16', 'Q8_0'] as const;
  const file = await written([
    { name: 'odd', type: 'F32', shape: [3], chunks: () => [new Uint8Array(12)] },
    ...names.map((type): GgufTensor => ({
      name: type,
      type,
      shape: [ROWS, COLUMNS],
      chunks: () => [bytesOf[type].subarray(0, 10), bytesOf[type].subarray(10)],
    })),
  ]);
  const { metadata } = file.header;
  expect(metadata.get('a.count')).toBe(7);
  expect(metadata.get('a.number')).toBe(0.5);
  expect(metadata.get('a.flag')).toBe(true);
  expect(metadata.get('a.texts')).toEqual(['é', '', 'b']);
  expect(metadata.get('a.scores')).toEqual(Float32Array.of(-1, 2.5));
  expect(metadata.get('a.kinds')).toEqual(Int32Array.of(1, -6));
  for (const [type, share] of [
    ['F32', 0],
    ['F16', 2 ** -11],
    ['Q8_0', 0.5 / 127 + 2 ** -11],
  ] as const) {
    const read = await file.matrix(type, ROWS, COLUMNS).read(0, ROWS);
    for (let block = 0; block < values.length; block += 32) {
      const own = values.subarray(block, block + 32);
      const largest = Math.max(...own.map(Math.abs));
      for (const [index, value] of own.entries()) {
        expect(Math.abs((read[block + index] ?? Number.NaN) - value)).toBeLessThanOrEqual(share * largest);
      }
    }
  }
  await file.close();
});

test('a tensor whose bytes do not fill its shape is an error of the caller', async () => {
  const short: GgufTensor = { name: 'x', type: 'F32', shape: [2, 2], chunks: () => [new Uint8Array(12)] };
  await expect(written([short])).rejects.toThrow('x: 12 bytes were written, its shape takes 16');
  const odd: GgufTensor = { name: 'x', type: 'Q8_0', shape: [2, 33], chunks: () => [] };
  await expect(written([odd])).rejects.toThrow('x: rows of 33 do not part into Q8_0 blocks');
});

test('blocks of zeros stay zeros in Q8_0', () => {
  expect(encodeQ80(new Float32Array(32))).toEqual(new Uint8Array(34));
});
