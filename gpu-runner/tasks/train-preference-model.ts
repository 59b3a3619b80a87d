/** The train-preference-model task: pairs of all shards become an adapter with a scalar head. */
import { mixHumanPairs } from '../algorithms/preference-model/mix-human-pairs.ts';
import { trainPreferenceModel } from '../algorithms/preference-model/train-preference-model.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { ADAPTER_MEDIA_TYPE, encodeAdapterArtifact } from './adapter-artifact.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { humanRows } from './prompts.ts';
import { pairShards } from './pair-shards.ts';
import type { TaskContext, TaskRun } from './task-context.ts';

export const runTrainPreferenceModel: TaskRun<'train-preference-model'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, seed, baseModel } = task;
  const pairs = await trainingPairs(context);
  const settings = { ...parameters, microbatchRows: batchSizes(model).scoreRows };
  const { vector, result } = await trainPreferenceModel(model, pairs, settings, seed, hooks, resume);
  const layout = adapterLayout(model.architecture, parameters.rank, parameters.alpha);
  const bytes = await encodeAdapterArtifact(layout, vector, baseModel.name, true);
  const sha256 = await artifacts.put({ kind: 'preference-model', mediaType: ADAPTER_MEDIA_TYPE, bytes });
  return { outputs: [{ name: 'preference-model', sha256 }], result };
};

/** The simulated pairs, with the human share that was asked for; people's alone where nothing was simulated. */
async function trainingPairs(context: TaskContext<'train-preference-model'>) {
  const { task } = context;
  const { humanShare } = task.parameters;
  if (humanShare === 0) return await pairShards(context);
  const simulated = task.inputs.length === 0 ? [] : await pairShards(context);
  return mixHumanPairs(simulated, await humanRows(context), humanShare, task.seed);
}
