/** The select task: the cell with the highest mean of the method's own reward becomes the experiment's adapter. */
import { ppoCellName } from '../../shared/api/tasks/ppo.ts';
import { openReward } from '../algorithms/ppo/open-reward.ts';
import { rolloutPrompts } from '../algorithms/ppo/rollout-prompts.ts';
import { ResponseReader } from '../algorithms/response-text.ts';
import { selectCell } from '../algorithms/select.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { inputAdapter } from './adapter-artifact.ts';
import { gridCells } from './grid-cells.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { taskPrompts } from './prompts.ts';
import { contrastOf, PREFERENCE_MODEL } from './reward.ts';
import { samplingProgress } from './sampling-progress.ts';
import { TaskInputError, type TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

/** How much of a cell's work its answers are: they are scored after that. */
const SAMPLED_PART = 0.7;

export const runSelect: TaskRun<'select'> = async (context) => {
  const { task, model } = context;
  const { parameters } = task;
  const { architecture, tokenizer } = model;
  const contrast = contrastOf(task);
  const preferenceModel = contrast === null ? await inputAdapter(context, PREFERENCE_MODEL) : null;
  const { cells, rank, alpha } = await gridCells(context);
  const { promptForm, maximumNewTokens, promptLimit, temperature } = parameters;
  const { usable: prompts, leftOut } = rolloutPrompts(
    await taskPrompts(context, promptLimit),
    model,
    parameters,
    contrast,
  );
  const { hooks, onDrawn } = samplingProgress(context.hooks, () => SAMPLED_PART);
  const generator = await openTaskGenerator(context, {
    onDrawn,
    adapters: { layout: adapterLayout(architecture, rank, alpha), groups: 1 },
    maximumTime: Math.max(...prompts.map(({ tokens }) => tokens.length)) + maximumNewTokens,
    referenceTemperature: temperature,
    withReference: true,
  });
  const { scoreRows: microbatchRows } = batchSizes(model);
  const reward = await openReward(model, {
    preferenceModel,
    prompts,
    promptForm,
    maximumNewTokens,
    microbatchRows,
  });
  try {
    const engine = {
      generate: generator.generateGroups.bind(generator),
      reader: new ResponseReader(tokenizer, promptForm),
      reward,
    };
    const result = await selectCell(cells, prompts, parameters, engine, hooks);
    const name = ppoCellName(result.chosen.klCoefficient, result.chosen.steps);
    const chosen = task.inputs.find((input) => input.name === name);
    if (chosen === undefined) throw new TaskInputError(`no input "${name}", which was chosen`);
    return {
      outputs: [{ name: 'adapter', sha256: chosen.sha256 }],
      result: { ...result, ...(leftOut && { leftOut }) },
    };
  } finally {
    await reward.close();
    await generator.close();
  }
};
