/** The distill task: responses of the positive side of all shards become an adapter. */
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { distill } from '../algorithms/distill.ts';
import { adapterLayout } from '../llama/training/lora-layout.ts';
import { ADAPTER_MEDIA_TYPE, encodeAdapterArtifact } from './adapter-artifact.ts';
import { decodeLines } from './json-lines.ts';
import { inputShards, type TaskRun } from './task-context.ts';

export const runDistill: TaskRun<'distill'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, seed, baseModel } = task;
  const shards = await inputShards(context, 'pairs-');
  const pairs = shards.flatMap((bytes, shard) =>
    decodeLines(bytes, preferencePairLine, `pairs of shard ${shard}`),
  );
  const { vector, result } = await distill(model, pairs, parameters, seed, hooks, resume);
  const layout = adapterLayout(model.configuration, parameters.rank, parameters.alpha);
  const bytes = await encodeAdapterArtifact(layout, vector, baseModel.name, false);
  const sha256 = await artifacts.put({ kind: 'adapter', mediaType: ADAPTER_MEDIA_TYPE, bytes });
  return { outputs: [{ name: 'adapter', sha256 }], result };
};
