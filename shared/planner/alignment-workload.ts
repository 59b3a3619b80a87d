/** What the largest task of an alignment holds at a time: PPO, which samples and trains all coefficients side by side. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import { batchSizes } from './batch-sizes.ts';
import type { ModelShape } from './model-bytes.ts';
import type { Workload } from './plan.ts';
import { readingRows } from './reading-rows.ts';
import { ppoModels, settingsOf } from './work.ts';

export function alignmentWorkload(hyperparameters: Hyperparameters, shape: ModelShape): Workload {
  const settings = settingsOf('ppo', hyperparameters);
  const policies = settings.klCoefficients.length;
  const { sampleRows, scoreRows } = batchSizes({ architecture: shape });
  const positions = settings.maximumPromptTokens + settings.maximumNewTokens;
  return {
    // As the runner counts it, which refuses what does not fit before it has read the prompts.
    sampleRows,
    readRows: readingRows(shape, scoreRows, positions),
    promptTokens: settings.maximumPromptTokens,
    newTokens: settings.maximumNewTokens,
    trainRows: settings.microbatchSize,
    trainGroups: ppoModels(settings) * policies,
    rank: settings.rank,
  };
}
