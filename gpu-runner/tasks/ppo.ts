/** The ppo task: a reward and prompts become one adapter per cell of the grid. */
import { ppoCellName } from '../../shared/api/tasks/ppo.ts';
import { ppo, STEP_PARTS } from '../algorithms/ppo/ppo.ts';
import { rolloutPrompts } from '../algorithms/ppo/rollout-prompts.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import { ADAPTER_MEDIA_TYPE, encodeAdapterArtifact, inputAdapter } from './adapter-artifact.ts';
import { contrastOf, PREFERENCE_MODEL } from './reward.ts';
import { taskPrompts } from './prompts.ts';
import { samplingProgress } from './sampling-progress.ts';
import type { TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

export const runPpo: TaskRun<'ppo'> = async (context) => {
  const { task, model, artifacts, resume } = context;
  const { parameters, seed, baseModel } = task;
  const contrast = contrastOf(task);
  const preferenceModel = contrast === null ? await inputAdapter(context, PREFERENCE_MODEL) : null;
  const { usable: prompts, leftOut } = rolloutPrompts(
    await taskPrompts(context, parameters.promptLimit),
    model,
    parameters,
    contrast,
  );
  const layout = adapterLayout(model.architecture, parameters.rank, parameters.alpha);
  const { hooks, onDrawn } = samplingProgress(context.hooks, () => STEP_PARTS.sampled);
  const generator = await openTaskGenerator(context, {
    onDrawn,
    adapters: { layout, groups: parameters.klCoefficients.length },
    maximumTime: Math.max(...prompts.map(({ tokens }) => tokens.length)) + parameters.maximumNewTokens,
    referenceTemperature: parameters.temperature,
    withReference: true,
  });
  try {
    const { result, cells } = await ppo(
      {
        model,
        preferenceModel,
        prompts,
        seed,
        generate: (vectors, groups, signal) => generator.generateGroups(vectors, groups, signal),
        encodePolicy: (policyLayout, vector) =>
          encodeAdapterArtifact(policyLayout, vector, baseModel.name, false),
        keep: (bytes) => artifacts.put({ kind: 'adapter', mediaType: ADAPTER_MEDIA_TYPE, bytes }),
      },
      parameters,
      hooks,
      resume,
    );
    const outputs = cells.map(({ cell, sha256 }) => ({
      name: ppoCellName(cell.klCoefficient, cell.steps),
      sha256,
    }));
    return { outputs, result: { ...result, ...(leftOut && { leftOut }) } };
  } finally {
    await generator.close();
  }
};
