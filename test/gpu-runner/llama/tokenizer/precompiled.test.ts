/** SentencePiece's compiled replacements, against tokenizers 0.23 (precompiled/make.py wrote what it answers). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  normalizerOf,
  normalizerSchema,
} from '../../../../gpu-runner/llama/tokenizer/pipeline/normalizers.ts';

const { table, texts, normalized } = z
  .object({ table: z.base64(), texts: z.array(z.string()), normalized: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'precompiled', 'goldens.json'), 'utf8')));

const normalizer = (charsmap: string | null) =>
  normalizerOf(normalizerSchema.parse({ type: 'Precompiled', precompiled_charsmap: charsmap }));

test.each(texts.map((text, index) => [text, normalized[index] ?? ''] as const))('%j', (text, expected) => {
  expect(normalizer(table)(text)).toBe(expected);
});

test('a table of nothing changes nothing', () => {
  expect(texts.map(normalizer(null))).toEqual(texts);
  expect(texts.map(normalizer(''))).toEqual(texts);
});

test('a damaged table is refused, or changes texts in some other way, and never hangs', () => {
  const bytes = Buffer.from(table, 'base64');
  expect(() => normalizer(bytes.subarray(0, 3).toString('base64'))).toThrow(/cut off/);
  expect(() => normalizer(bytes.subarray(0, 90).toString('base64'))).toThrow(/cut off/);
  for (let place = 4; place < bytes.length; place += 7) {
    const damaged = Buffer.from(bytes);
    damaged[place] = (damaged[place] ?? 0) ^ 0xff;
    const change = normalizer(damaged.toString('base64'));
    expect(texts.map((text) => typeof change(text))).toEqual(texts.map(() => 'string'));
  }
});
