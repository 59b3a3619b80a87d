/** How long the teacher takes for the same texts. */
import { onDevice } from '../../../gpu-runner/llama/backends/open-model.ts';
import { decodeAdapterArtifact } from '../../../gpu-runner/tasks/adapter-artifact.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import { openBaseModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { PreferenceModel } from '../../../gpu-runner/algorithms/preference-model/preference-model.ts';
import { longText } from './texts.ts';

const TEXTS = 256;

/** @returns milliseconds a text, batched as a runner batches */
export async function measureTeacher(
  baseModel: { readonly source: string },
  cache: string,
  preferenceModel: Uint8Array,
): Promise<number> {
  const model = await onDevice(await openBaseModel(baseModel.source, cache), 'cpu', cache);
  const { maximumPositions } = model.architecture;
  const teacher = await PreferenceModel.open(model, {
    ...(await decodeAdapterArtifact(preferenceModel, model.architecture, 'preference-model')),
    maximumTime: maximumPositions,
    microbatchRows: batchSizes(model).scoreRows,
  });
  try {
    const texts = Array.from({ length: TEXTS }, (_, index) =>
      model.tokenizer
        .encode(longText(index), { bos: model.tokenizer.startsWithBos })
        .slice(0, maximumPositions),
    );
    const { signal } = new AbortController();
    await teacher.score(texts.slice(0, 32), signal);
    const started = performance.now();
    await teacher.score(texts, signal);
    return (performance.now() - started) / TEXTS;
  } finally {
    await teacher.close();
  }
}
