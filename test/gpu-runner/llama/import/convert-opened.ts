/** Converts an opened checkpoint into a temporary base, closing everything whatever happens. */
import path from 'node:path';
import { convertWeights } from '../../../../gpu-runner/llama/import/convert.ts';
import type { OpenedCheckpoint } from '../../../../gpu-runner/llama/import/huggingface-folder.ts';
import type { WeightFile } from '../../../../gpu-runner/llama/import/weight-file.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/import/weight-layout.ts';
import { WeightWriter } from '../../../../gpu-runner/llama/import/weight-writer.ts';
import { temporaryFolder } from './made-up-checkpoint.ts';

export async function convertOpened(opened: OpenedCheckpoint, precision: BasePrecision): Promise<WeightFile> {
  const { source, close } = opened;
  const writer = await WeightWriter.create(
    path.join(temporaryFolder(), 'base'),
    source.configuration,
    precision,
  );
  try {
    await convertWeights(source, writer);
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await close();
  }
  return await writer.finish({ form: 'huggingface', source: 'test', files: [] });
}
