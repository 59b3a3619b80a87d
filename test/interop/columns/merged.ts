/** A merged folder, opened by transformers. */
import { mergedFolder } from '../../../gpu-runner/export/merged-folder.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import { adapted, meanDistance, textsSchema } from '../adapted.ts';
import type { Column } from '../column.ts';

export const merged: Column = {
  name: 'merged',
  meaning:
    'the same of the 8-bit base with the adapter merged in bf16, in transformers, from our 8-bit form; at most 0.1 for made-up weights',
  check: async ({ tokens, isMadeUp, model, scratch, python }) => {
    const opened = await model('int8');
    const { adapter, logProbabilities } = await adapted(opened.base, tokens);
    await writeFiles(scratch, await mergedFolder(opened, adapter), () => {});
    const answer = await python('exported', { folder: scratch, adapter: null, texts: [tokens] });
    const theirs = textsSchema.parse(answer)[0] ?? [];
    const value = meanDistance(await logProbabilities(opened.base), theirs);
    return { value, limit: isMadeUp ? 0.1 : null };
  },
};
