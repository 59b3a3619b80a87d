/** A base's weights, whatever their rounding, as a model in fp32: what rounding of weights alone does. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configText } from '../../../gpu-runner/export/config-text.ts';
import { huggingFaceTensors } from '../../../gpu-runner/export/huggingface-tensors.ts';
import { blocksOf, mergedTensors } from '../../../gpu-runner/export/merged-tensors.ts';
import { outsideOf } from '../../../gpu-runner/export/outside.ts';
import { writeFiles } from '../../../gpu-runner/export/write-files.ts';
import { TOKENIZER_FILE } from '../../../gpu-runner/llama/tokenizer/companions.ts';
import type { BaseFile } from '../../../gpu-runner/llama/weights/base-file.ts';
import { encodeElements } from '../../../gpu-runner/llama/weights/element-types.ts';
import { importModel, type ImportedModel } from '../../../gpu-runner/llama/weights/import-model.ts';
import { safetensorsHeader } from '../../../shared/safetensors/encode.ts';

/** @param folder is made, and holds its files afterwards */
export async function exactCopy(base: BaseFile, folder: string): Promise<ImportedModel> {
  await mkdir(folder, { recursive: true });
  const { config, original, tensors: names } = await outsideOf(base);
  const tied = { ...config, tie_word_embeddings: base.architecture.tiedEmbedding };
  await writeFile(path.join(folder, 'config.json'), configText(tied, original));
  await copyFile(path.join(base.folder, TOKENIZER_FILE), path.join(folder, TOKENIZER_FILE));
  const tensors = huggingFaceTensors(mergedTensors(base, null, 'half'), base.architecture, names);
  const entries = tensors.map(({ name, tensor: { shape } }) => ({ name, dtype: 'F32', shape }));
  async function* chunks() {
    yield safetensorsHeader(entries, { format: 'pt' });
    for (const { tensor } of tensors) {
      for await (const values of blocksOf(tensor)) yield encodeElements('F32', values);
    }
  }
  await writeFiles(folder, [{ name: 'model.safetensors', chunks }], () => {});
  return await importModel(folder, { cacheDirectory: path.join(folder, 'bases'), precision: 'fp32' });
}
