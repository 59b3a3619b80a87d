/** The kinds of tokenizer.json in which libraries differ, against tokenizers 0.23 (kinds/make.py wrote what it answers). */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  TokenizerPipeline,
  tokenizerSchema,
} from '../../../../gpu-runner/llama/tokenizer/pipeline/pipeline.ts';

const { texts, kinds } = z
  .object({
    texts: z.array(z.string()),
    kinds: z.record(
      z.string(),
      z.object({ tokenizer: tokenizerSchema, ids: z.array(z.array(z.int())), spoken: z.array(z.string()) }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'kinds', 'goldens.json'), 'utf8')));

describe.each(Object.entries(kinds))('%s', (_name, { tokenizer, ids, spoken }) => {
  const pipeline = new TokenizerPipeline(tokenizer);

  test.each(texts.map((text, index) => [text, index] as const))('%j', (text, index) => {
    const expected = ids[index] ?? [];
    expect(pipeline.encode(text, false)).toEqual(expected);
    expect(pipeline.decode(expected)).toBe(spoken[index]);
  });
});
