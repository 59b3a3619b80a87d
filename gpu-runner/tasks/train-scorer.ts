/** The train-scorer task: the preference model's student for the edge, with its report. */
import { PreferenceModel } from '../algorithms/preference-model/preference-model.ts';
import { closingTokens } from '../algorithms/response-text.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { trainScorer } from '../algorithms/scorer/train-scorer.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { pairShards } from './pair-shards.ts';
import { taskPrompts } from './prompts.ts';
import { TaskInputError, type TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

const SAFETENSORS = 'application/safetensors';

export const runTrainScorer: TaskRun<'train-scorer'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, principle, seed } = task;
  if (principle === null) throw new TaskInputError(`task ${task.id} names no principle`);
  const preferenceModel = await inputAdapter(context, 'preference-model');
  const pairs = await pairShards(context);
  const prompts = shardRows(await taskPrompts(context, parameters.freshPrompts), task.shard);
  const { sampleRows, scoreRows, checkpointEvery } = batchSizes(model);
  const contextLength = model.architecture.maximumPositions;
  const generator = await openTaskGenerator(context, {
    maximumTime: contextLength,
    withReference: false,
  });
  const preferences = await PreferenceModel.open(model, {
    ...preferenceModel,
    maximumTime: contextLength + closingTokens(model.tokenizer, parameters.promptForm).length,
    microbatchRows: scoreRows,
  });
  try {
    const scorer = await trainScorer(
      { pairs, prompts, affixPairs: principle.affixPairs, seed },
      { ...parameters, contextLength, batchSize: sampleRows, checkpointEvery },
      model.tokenizer,
      {
        generate: (requests, signal) => generator.generate(requests, signal),
        score: (texts, signal) => preferences.score(texts, signal),
      },
      hooks,
      resume,
    );
    const sha256 = await artifacts.put({ kind: 'scorer', mediaType: SAFETENSORS, bytes: scorer.bytes });
    return { outputs: [{ name: 'scorer', sha256 }], result: scorer.result };
  } finally {
    await preferences.close();
    await generator.close();
  }
};
