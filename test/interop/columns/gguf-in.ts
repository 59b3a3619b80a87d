/** A GGUF file of the checkpoint, opened here and by llama.cpp: fp32 logits of 64 positions. */
import path from 'node:path';
import { importModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { logitsAt } from '../../gpu-runner/llama/weights/families/all-logits.ts';
import type { Column } from '../column.ts';
import { packedSchema, unpack } from '../packed.ts';

export const ggufIn: Column = {
  name: 'GGUF in',
  meaning:
    'largest difference of fp32 logits from llama.cpp on one GGUF file, 64 positions; at most 5e-3 (its GELU is fp16)',
  needsLlamaCpp: true,
  check: async ({ folder, scratch, tokens, python }) => {
    const file = path.join(scratch, 'model.gguf');
    const expected = unpack(packedSchema.parse(await python('gguf_in', { folder, file, tokens })));
    const { base } = await importModel(file, { cacheDirectory: scratch, precision: 'fp32' });
    const found = await logitsAt(base, tokens, [...tokens.keys()]);
    const width = expected.length / tokens.length;
    const value = expected.reduce((worst, logit, index) => {
      const own = found[Math.floor(index / width)]?.[index % width] ?? Number.NaN;
      return Math.max(worst, Math.abs(own - logit));
    }, 0);
    return { value, limit: 5e-3 };
  },
};
