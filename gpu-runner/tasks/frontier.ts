/** The frontier task: an adapter at several strengths and the base answer test prompts, and the experiment's judges compare them. */
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { groupsOf, measureFrontier, SAMPLED_PART } from '../algorithms/frontier.ts';
import type { PairJudge } from '../algorithms/judge/pair-judge.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { encodeLines, JSON_LINES } from './json-lines.ts';
import { openJudge } from './judges/open-judge.ts';
import { taskPrompts } from './prompts.ts';
import { samplingProgress } from './sampling-progress.ts';
import type { TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

export const runFrontier: TaskRun<'frontier'> = async (context) => {
  const { task, model, artifacts, resume } = context;
  const { parameters } = task;
  const prompts = shardRows(await taskPrompts(context, parameters.promptLimit), task.shard);
  const { rank, alpha, vector } = await inputAdapter(context, 'adapter');
  const layout = adapterLayout(model.architecture, rank, alpha);
  const groups = groupsOf(parameters.strengths);
  const sizes = batchSizes(model);
  const contextLength = model.architecture.maximumPositions;
  const { hooks, onDrawn } = samplingProgress(context.hooks, (answers) => (SAMPLED_PART * answers) / groups);
  const generator = await openTaskGenerator(context, {
    onDrawn,
    adapters: { layout, groups },
    maximumTime: contextLength,
    referenceTemperature: parameters.temperature,
    withReference: true,
  });
  const judges: PairJudge[] = [];
  try {
    for (const judge of parameters.judges)
      judges.push(await openJudge(context, judge, parameters.responseOpening));
    const { lines, result } = await measureFrontier(
      prompts,
      { layout, vector },
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      { tokenizer: model.tokenizer, generate: generator.generateGroups.bind(generator), judges },
      hooks,
      resume,
    );
    const sha256 = await artifacts.put({
      kind: 'frontier',
      mediaType: JSON_LINES,
      bytes: encodeLines(lines),
    });
    return { outputs: [{ name: 'frontier', sha256 }], result };
  } finally {
    for (const judge of judges) await judge.close();
    await generator.close();
  }
};
