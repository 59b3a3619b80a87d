/** What is merged: the dequantised base and the adapter's change, rows in the order that is asked for. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { mergedTensors } from '../../../gpu-runner/export/merged-tensors.ts';
import { safetensorsShards } from '../../../gpu-runner/export/safetensors-shards.ts';
import { adapterFromVector, adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import type { Architecture } from '../../../gpu-runner/llama/model/architecture.ts';
import { normal } from '../../../shared/random.ts';
import { rowInOtherOrder } from '../../../shared/export/rotary-rows.ts';
import { writeRandomBase } from '../../fixtures/random-base.ts';
import { madeUpArchitecture } from '../llama/weights/made-up-checkpoint.ts';

const RANK = 3;
const ALPHA = 6;

async function made(layout: 'half' | 'interleaved') {
  const { rope } = madeUpArchitecture;
  const architecture: Architecture = { ...madeUpArchitecture, rope: { ...rope, layout } };
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'rlcd-merged-')), 'base');
  const base = await writeRandomBase(folder, architecture, 'int8', 1);
  const adapters = adapterLayout(architecture, RANK, ALPHA);
  const vector = Float32Array.from({ length: adapters.length }, (_, place) => normal(4, 0, place));
  return { architecture, base, adapter: adapterFromVector(adapters, vector, false) };
}

test.each([
  ['half', 'half'],
  ['interleaved', 'half'],
  ['half', 'interleaved'],
] as const)('rows of a %s base in %s order are W + (alpha / rank) B A', async (layout, order) => {
  const { architecture, base, adapter } = await made(layout);
  const { heads, keyValueHeads, headSize, hiddenSize } = architecture;
  const whole = await base.readDequantised('layers.1.attention.qkv.weight');
  const width = (heads + 2 * keyValueHeads) * headSize;
  const first = { query: 0, key: heads * headSize, value: (heads + keyValueHeads) * headSize } as const;
  for (const part of ['query', 'key', 'value'] as const) {
    const tensor = mergedTensors(base, adapter, order).find((one) => one.layer === 1 && one.part === part);
    const [rows = 0] = tensor?.shape ?? [];
    const found = await tensor?.rows(1, rows - 1);
    const { a, b } = adapter.layers[1]?.[part] ?? { a: new Float32Array(), b: new Float32Array() };
    for (let row = 1; row < rows; row++) {
      const turns = layout !== order && part !== 'value';
      const source = turns ? rowInOtherOrder(row, headSize, order) : row;
      for (let input = 0; input < hiddenSize; input++) {
        let expected = whole[input * width + first[part] + source] ?? Number.NaN;
        for (let r = 0; r < RANK; r++) {
          expected += (ALPHA / RANK) * (b[source * RANK + r] ?? 0) * (a[r * hiddenSize + input] ?? 0);
        }
        expect(found?.[(row - 1) * hiddenSize + input]).toBeCloseTo(expected, 4);
      }
    }
  }
});

test('the two orders undo each other, head by head', () => {
  for (let row = 0; row < 24; row++) {
    expect(rowInOtherOrder(rowInOtherOrder(row, 8, 'half'), 8, 'interleaved')).toBe(row);
  }
  // Heads of four would not tell the two apart: their order is its own inverse.
  const head = [0, 1, 2, 3, 4, 5, 6, 7];
  expect(head.map((row) => rowInOtherOrder(row, 8, 'half'))).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
  expect(head.map((row) => rowInOtherOrder(row, 8, 'interleaved'))).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
});

test('many weights go into shards with their index, each tensor whole', () => {
  const tensor = { shape: [4, 8], rows: async () => new Float32Array(32) };
  const files = safetensorsShards(
    ['a', 'b', 'c'].map((name) => ({ name, tensor })),
    150,
  );
  expect(files.map(({ name }) => name)).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ]);
});
