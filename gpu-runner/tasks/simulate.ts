/** The simulate task: prompts of a shard become preference pairs. */
import { Generator, tokensContaining } from '../algorithms/generator.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { simulate } from '../algorithms/simulate/simulate.ts';
import { batchSizes } from './batch-sizes.ts';
import { encodeLines, JSON_LINES } from './json-lines.ts';
import { taskPrompts } from './prompts.ts';
import { TaskInputError, type TaskRun } from './task-context.ts';

export const runSimulate: TaskRun<'simulate'> = async (context) => {
  const { task, model, artifacts, hooks, resume } = context;
  const { parameters, principle, seed } = task;
  if (principle === null && parameters.sides !== 'plain') {
    throw new TaskInputError(`task ${task.id} names no principle`);
  }
  const once = await taskPrompts(context, parameters.promptLimit);
  // Repetitions are rows of their own: each draws its affix pair and its samples by its place.
  const repeated = Array.from({ length: parameters.pairsPerPrompt }, () => once).flat();
  const prompts = shardRows(repeated, task.shard);
  const { tokenizer, configuration } = model;
  const sizes = batchSizes(model);
  const contextLength = configuration.maximumPositions;
  const generator = await Generator.open({
    model,
    promptForm: parameters.promptForm,
    temperature: parameters.temperature,
    topP: parameters.topP,
    maximumNewTokens: parameters.maximumNewTokens,
    bannedTokens: tokensContaining(tokenizer, parameters.bannedTexts),
    seed,
    maximumTime: contextLength,
    referenceTemperature: 1,
    withReference: false,
    ...sizes,
  });
  try {
    const { pairs, result } = await simulate(
      { affixPairs: principle?.affixPairs ?? [], prompts, seed },
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      tokenizer,
      (requests, signal) => generator.generate(requests, signal),
      hooks,
      resume,
    );
    const sha256 = await artifacts.put({
      kind: 'preference-dataset',
      mediaType: JSON_LINES,
      bytes: encodeLines(pairs),
    });
    return { outputs: [{ name: 'pairs', sha256 }], result };
  } finally {
    await generator.close();
  }
};
