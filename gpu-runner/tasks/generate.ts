/** The generate task: one completion per prompt of a shard, by an adapter or by the base. */
import { generateCompletions } from '../algorithms/generate.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { encodeLines, JSON_LINES } from './json-lines.ts';
import { taskPrompts } from './prompts.ts';
import { samplingProgress } from './sampling-progress.ts';
import type { TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

export const runGenerate: TaskRun<'generate'> = async (context) => {
  const { task, model, artifacts, resume } = context;
  const { parameters } = task;
  const prompts = shardRows(await taskPrompts(context, parameters.promptLimit), task.shard);
  const adapter = task.inputs.some(({ name }) => name === 'adapter')
    ? await inputAdapter(context, 'adapter')
    : null;
  const sizes = batchSizes(model);
  const contextLength = model.architecture.maximumPositions;
  const { hooks, onDrawn } = samplingProgress(context.hooks, (answers) => answers);
  const generator = await openTaskGenerator(context, {
    onDrawn,
    ...(adapter && {
      adapters: { layout: adapterLayout(model.architecture, adapter.rank, adapter.alpha), groups: 1 },
    }),
    maximumTime: contextLength,
    withReference: true,
  });
  try {
    const { completions, result } = await generateCompletions(
      prompts,
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      model.tokenizer,
      (requests, signal) => generator.generate(requests, signal, adapter?.vector),
      hooks,
      resume,
    );
    const bytes = encodeLines(completions);
    const sha256 = await artifacts.put({ kind: 'completions', mediaType: JSON_LINES, bytes });
    return { outputs: [{ name: 'completions', sha256 }], result };
  } finally {
    await generator.close();
  }
};
