/** What tasks share whose adapters answer prompts beside the base, and are compared with it by the experiment's judges. */
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { measureBesideBase, SAMPLED_PART, type Adapters } from '../algorithms/beside-base.ts';
import type { PairJudge } from '../algorithms/judge/pair-judge.ts';
import { shardRows } from '../algorithms/prompt.ts';
import type { AdapterLayout } from '../llama/model/lora-layout.ts';
import { encodeLines, JSON_LINES } from './json-lines.ts';
import { openJudge } from './judges/open-judge.ts';
import { taskPrompts } from './prompts.ts';
import { samplingProgress } from './sampling-progress.ts';
import type { TaskContext } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

type Context = Pick<
  TaskContext<'frontier' | 'trajectory'>,
  'task' | 'model' | 'artifacts' | 'hooks' | 'resume'
>;

/** @param adapters all of the layout */
export async function runBesideBase<Name extends object>(
  context: Context,
  layout: AdapterLayout,
  adapters: Adapters<Name>,
) {
  const { task, model, artifacts, resume } = context;
  const { parameters } = task;
  const prompts = shardRows(await taskPrompts(context, parameters.promptLimit), task.shard);
  const groups = adapters.names.length + 1;
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
    const { lines, result } = await measureBesideBase(
      prompts,
      adapters,
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      { tokenizer: model.tokenizer, generate: generator.generateGroups.bind(generator), judges },
      hooks,
      resume,
    );
    const kind = adapters.purpose;
    const sha256 = await artifacts.put({ kind, mediaType: JSON_LINES, bytes: encodeLines(lines) });
    return { outputs: [{ name: kind, sha256 }], result };
  } finally {
    for (const judge of judges) await judge.close();
    await generator.close();
  }
}
