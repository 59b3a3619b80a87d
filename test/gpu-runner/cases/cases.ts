/** Models that failed once (../shared/cases), and what transformers answers for them (make.py). */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { z } from 'zod';

export const goldens = z
  .object({
    texts: z.array(z.string()),
    models: z.record(
      z.string(),
      z.object({
        folder: z.string(),
        tokens: z.array(z.int()),
        /** Every 25th, of the last position. */
        logits: z.array(z.number()),
        ids: z.array(z.array(z.int())),
        eos: z.int().nullable(),
      }),
    ),
    prompt: z.string(),
    /** Share of answers that end within the limit, and their mean length in tokens. */
    ends: z.record(
      z.enum(['stop-merged-newline', 'eos-missing']),
      z.object({ limit: z.int(), ended: z.number(), length: z.number() }),
    ),
    unigram: z.array(z.array(z.int())),
  })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'goldens.json'), 'utf8')));

/** Path of `../shared/<file>`; skips the test, with the reason, where it is absent. */
export function shared(file: string, context: TestContext): string {
  const found = fileURLToPath(new URL(`../../../../shared/${file}`, import.meta.url));
  context.skip(!existsSync(found), `../shared/${file} is absent`);
  return found;
}
