/** A text classifier of a local folder: what every label of a text is given. */
import { pipeline } from '@huggingface/transformers';
import { z } from 'zod';
import { LOCAL, localModel } from './local-model.ts';

/** All labels of one text, with their probabilities. */
const classified = z.array(z.object({ label: z.string(), score: z.number() })).min(1);

export interface Classifier {
  /** Every label with its probability, the likeliest first. */
  classify(text: string): Promise<{ readonly label: string; readonly score: number }[]>;
  close(): Promise<void>;
}

/**
 * Reads one text a run, on purpose: an encoder with 8-bit weights rounds by the largest number among all texts of a run, so
 * that texts read together change each other's scores (docs/results/harm-classifier.md has by how much).
 *
 * @throws what transformers.js says of a folder that it cannot open
 */
export async function openClassifier(folder: string): Promise<Classifier> {
  const classify = await pipeline('text-classification', localModel(folder), { ...LOCAL, dtype: 'fp32' });
  return {
    classify: async (text) => classified.parse(await classify(text, { top_k: null })),
    close: async () => {
      await classify.dispose();
    },
  };
}
