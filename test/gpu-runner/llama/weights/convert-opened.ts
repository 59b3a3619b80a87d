/** Converts an opened checkpoint into a temporary base, closing everything whatever happens. */
import path from 'node:path';
import { convertWeights } from '../../../../gpu-runner/llama/weights/convert.ts';
import type { OpenedCheckpoint } from '../../../../gpu-runner/llama/weights/huggingface-folder.ts';
import type { BaseFile, BaseProvenance } from '../../../../gpu-runner/llama/weights/base-file.ts';
import type { BasePrecision } from '../../../../gpu-runner/llama/weights/base-layout.ts';
import { BaseWriter } from '../../../../gpu-runner/llama/weights/base-writer.ts';
import { temporaryFolder } from './made-up-checkpoint.ts';

export async function convertOpened(
  opened: OpenedCheckpoint,
  precision: BasePrecision,
  origin: BaseProvenance['origin'] = 'huggingface',
): Promise<BaseFile> {
  const { source, close } = opened;
  const writer = await BaseWriter.create(
    path.join(temporaryFolder(), 'base'),
    source.architecture,
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
  return await writer.finish({ origin, source: 'test', files: [] });
}
