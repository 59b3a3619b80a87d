/** GGUF files of the merged model and of the adapter alone, run by llama.cpp. */
import path from 'node:path';
import { ggufModel } from '../../../gpu-runner/export/gguf-model.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import type { Quantisation } from '../../../shared/export/forms.ts';
import { ggufLora } from '../../../shared/export/gguf/lora.ts';
import { exportFacts } from '../../../gpu-runner/export/facts.ts';
import { adapted, meanDistance, textsSchema } from '../adapted.ts';
import type { CheckContext, Column, Figure } from '../column.ts';

const LIMIT = 0.1;

export const ggufF16: Column = {
  name: 'GGUF F16',
  meaning: 'the same of a GGUF in F16 by llama.cpp; at most 0.1 for made-up weights',
  needsLlamaCpp: true,
  check: async (context) => await checkModel(context, 'f16'),
};

export const ggufQ80: Column = {
  name: 'GGUF Q8_0',
  meaning: 'the same in Q8_0, whose weights and activations llama.cpp rounds once more; a measurement',
  needsLlamaCpp: true,
  check: async (context) => ({ ...(await checkModel(context, 'q8_0')), limit: null }),
};

export const ggufAdapter: Column = {
  name: 'GGUF LoRA',
  meaning:
    'the same of the base as a GGUF in F16 with the adapter beside it; at most 0.1 for made-up weights',
  needsLlamaCpp: true,
  check: async ({ folder, tokens, isMadeUp, model, scratch, python }) => {
    const opened = await model('int8');
    const { source, logProbabilities } = await adapted(opened.base, tokens);
    const gguf = await ggufModel(opened, null, { name: 'base', quantisation: 'f16', chatTemplate: null });
    const { architecture } = opened.base;
    const { ggufArchitecture } = await exportFacts(opened, folder);
    const lora = ggufLora(source, ggufArchitecture ?? '', architecture, 'adapter');
    await writeFiles(scratch, [gguf, lora], () => {});
    const answer = await python('llama_cpp_model', {
      file: path.join(scratch, gguf.name),
      lora: path.join(scratch, lora.name),
      texts: [tokens],
    });
    const value = meanDistance(await logProbabilities(opened.base), textsSchema.parse(answer)[0] ?? []);
    return { value, limit: isMadeUp ? LIMIT : null };
  },
};

async function checkModel(
  { tokens, isMadeUp, model, scratch, python }: CheckContext,
  quantisation: Quantisation,
): Promise<Figure> {
  const opened = await model('int8');
  const { adapter, logProbabilities } = await adapted(opened.base, tokens);
  const file = await ggufModel(opened, adapter, { name: 'merged', quantisation, chatTemplate: null });
  await writeFiles(scratch, [file], () => {});
  const answer = await python('llama_cpp_model', {
    file: path.join(scratch, file.name),
    lora: null,
    texts: [tokens],
  });
  const value = meanDistance(await logProbabilities(opened.base), textsSchema.parse(answer)[0] ?? []);
  return { value, limit: isMadeUp ? LIMIT : null };
}
