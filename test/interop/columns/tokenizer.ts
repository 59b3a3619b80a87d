/** Token ids of 1,000 mixed texts, and the texts that they become again, against transformers'. */
import { z } from 'zod';
import type { Column } from '../column.ts';
import { mixedTexts } from '../mixed-texts.ts';

const TEXTS = 1000;

const answerSchema = z.strictObject({ ids: z.array(z.array(z.int())), texts: z.array(z.string()) });

export const tokenizer: Column = {
  name: 'tokenizer',
  meaning: 'of 1,000 mixed texts, how many have other ids than in transformers; none may',
  check: async ({ folder, model, python }) => {
    const texts = mixedTexts(TEXTS);
    const { ids } = answerSchema.parse(await python('tokens', { folder, texts }));
    const own = (await model('fp32')).tokenizer;
    const different = texts.filter((text, index) => own.encode(text).join() !== ids[index]?.join());
    return { value: different.length, limit: 0 };
  },
};
