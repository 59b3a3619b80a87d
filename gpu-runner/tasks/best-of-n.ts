/** The best-of-n task: the base model's answers, of which the preference model keeps one for each prompt of a shard. */
import { bestOfN } from '../algorithms/best-of-n.ts';
import { PreferenceModel } from '../algorithms/preference-model/preference-model.ts';
import { closingTokens } from '../algorithms/response-text.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { encodeLines, JSON_LINES } from './json-lines.ts';
import { taskPrompts } from './prompts.ts';
import { samplingProgress } from './sampling-progress.ts';
import type { TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

export const runBestOfN: TaskRun<'best-of-n'> = async (context) => {
  const { task, model, artifacts, resume } = context;
  const { parameters } = task;
  const preferenceModel = await inputAdapter(context, 'preference-model');
  const prompts = shardRows(await taskPrompts(context, parameters.promptLimit), task.shard);
  const sizes = batchSizes(model);
  const contextLength = model.architecture.maximumPositions;
  const { hooks, onDrawn } = samplingProgress(context.hooks, (answers) => answers / parameters.candidates);
  const generator = await openTaskGenerator(context, {
    onDrawn,
    maximumTime: contextLength,
    withReference: true,
  });
  const preferences = await PreferenceModel.open(model, {
    ...preferenceModel,
    maximumTime: contextLength + closingTokens(model.tokenizer, parameters.promptForm).length,
    microbatchRows: sizes.scoreRows,
  });
  try {
    const { completions, result } = await bestOfN(
      prompts,
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      model.tokenizer,
      {
        generate: (requests, signal) => generator.generate(requests, signal),
        score: (texts, signal) => preferences.score(texts, signal),
      },
      hooks,
      resume,
    );
    const sha256 = await artifacts.put({
      kind: 'completions',
      mediaType: JSON_LINES,
      bytes: encodeLines(completions),
    });
    return { outputs: [{ name: 'completions', sha256 }], result };
  } finally {
    await preferences.close();
    await generator.close();
  }
};
