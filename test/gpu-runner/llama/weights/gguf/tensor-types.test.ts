/** Every tensor type that is read, bit for bit as Python's gguf decodes it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readableTypes, tensorTypes } from '../../../../../gpu-runner/llama/weights/gguf/tensor-types.ts';

const golden = z
  .record(z.string(), z.object({ type: z.int(), blocks: z.string(), values: z.string() }))
  .parse(JSON.parse(readFileSync('test/fixtures/gguf/blocks.json', 'utf8')));

test('the golden blocks are of all types that are read', () => {
  expect(Object.keys(golden).toSorted()).toEqual(readableTypes.split(', ').toSorted());
});

test.each(Object.entries(golden))('%s', (name, { type: number, blocks, values }) => {
  const type = tensorTypes.get(number);
  expect(type?.name).toBe(name);
  const bytes = new Uint8Array(Buffer.from(blocks, 'base64'));
  const decoded = new Float32Array((bytes.length / (type?.bytes ?? 1)) * (type?.elements ?? 1));
  type?.dequantise?.(bytes, decoded);
  expect(Buffer.from(decoded.buffer).toString('base64')).toBe(values);
});
