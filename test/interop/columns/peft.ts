/** An exported adapter, loaded by PEFT on transformers' own base. */
import { modelTypeOf } from '../../../gpu-runner/export/outside.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import { peftFolder } from '../../../shared/export/peft-folder.ts';
import { adapted, meanDistance, textsSchema } from '../adapted.ts';
import type { Column } from '../column.ts';

export const peft: Column = {
  name: 'PEFT',
  meaning:
    'mean distance of log-probabilities under an exported adapter in PEFT from ours, both in fp32, nats a token; at most 1e-3',
  check: async ({ folder, tokens, model, scratch, python }) => {
    const { base } = await model('fp32');
    const { source, logProbabilities } = await adapted(base, tokens);
    await writeFiles(
      scratch,
      peftFolder(source, { ...base.architecture, location: folder, modelType: await modelTypeOf(base) }),
      () => {},
    );
    const theirs =
      textsSchema.parse(await python('exported', { folder, adapter: scratch, texts: [tokens] }))[0] ?? [];
    return { value: meanDistance(await logProbabilities(base), theirs), limit: 1e-3 };
  },
};
