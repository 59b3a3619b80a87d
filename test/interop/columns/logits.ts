/** fp32 logits of 64 positions against transformers'. */
import { logitsAt } from '../../gpu-runner/llama/weights/families/all-logits.ts';
import type { Column } from '../column.ts';
import { packedSchema, unpack } from '../packed.ts';

export const logits: Column = {
  name: 'logits',
  meaning: 'largest difference of fp32 logits from transformers, 64 positions; at most 1e-3',
  check: async ({ folder, tokens, model, python }) => {
    const expected = unpack(packedSchema.parse(await python('logits', { folder, tokens })));
    const { base } = await model('fp32');
    const found = await logitsAt(base, tokens, [...tokens.keys()]);
    const width = expected.length / tokens.length;
    const value = expected.reduce((worst, logit, index) => {
      const own = found[Math.floor(index / width)]?.[index % width] ?? Number.NaN;
      return Math.max(worst, Math.abs(own - logit));
    }, 0);
    return { value, limit: 1e-3 };
  },
};
