/** The distill task: responses of the positive side of all shards become an adapter. */
import { distill } from '../algorithms/distill.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { ADAPTER_MEDIA_TYPE, encodeAdapterArtifact } from './adapter-artifact.ts';
import { pairShards } from './pair-shards.ts';
import type { TaskRun } from './task-context.ts';

export const runDistill: TaskRun<'distill'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, seed, baseModel } = task;
  const pairs = await pairShards(context);
  const { vector, result } = await distill(model, pairs, parameters, seed, hooks, resume);
  const layout = adapterLayout(model.architecture, parameters.rank, parameters.alpha);
  const bytes = await encodeAdapterArtifact(layout, vector, baseModel.name, false);
  const sha256 = await artifacts.put({ kind: 'adapter', mediaType: ADAPTER_MEDIA_TYPE, bytes });
  return { outputs: [{ name: 'adapter', sha256 }], result };
};
