/** The train-preference-model task: pairs of all shards become an adapter with a scalar head. */
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { trainPreferenceModel } from '../algorithms/preference-model/train-preference-model.ts';
import { adapterLayout } from '../llama/training/lora-layout.ts';
import { ADAPTER_MEDIA_TYPE, encodeAdapterArtifact } from './adapter-artifact.ts';
import { batchSizes } from './batch-sizes.ts';
import { decodeLines } from './json-lines.ts';
import { inputShards, type TaskRun } from './task-context.ts';

export const runTrainPreferenceModel: TaskRun<'train-preference-model'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, seed, baseModel } = task;
  const shards = await inputShards(context, 'pairs-');
  const pairs = shards.flatMap((bytes, shard) =>
    decodeLines(bytes, preferencePairLine, `pairs of shard ${shard}`),
  );
  const settings = { ...parameters, microBatchRows: batchSizes(model).scoreRows };
  const { vector, result } = await trainPreferenceModel(model, pairs, settings, seed, hooks, resume);
  const layout = adapterLayout(model.configuration, parameters.rank, parameters.alpha);
  const bytes = await encodeAdapterArtifact(layout, vector, baseModel.name, true);
  const sha256 = await artifacts.put({ kind: 'preference-model', mediaType: ADAPTER_MEDIA_TYPE, bytes });
  return { outputs: [{ name: 'preference-model', sha256 }], result };
};
