/** An experiment of every RLCD stage that takes seconds: what matters is that it has many places to be killed at. */
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';

export const TINY: Hyperparameters = {
  simulate: { maximumNewTokens: 16, promptLimit: 16 },
  'train-preference-model': {
    rank: 2,
    batchPairs: 4,
    heldOutPairs: 4,
    maximumLength: 128,
    checkpointEverySteps: 1,
  },
  ppo: {
    rank: 2,
    maximumNewTokens: 12,
    klCoefficients: [0.1, 0.2],
    steps: [2, 4],
    rollouts: 4,
    minibatchSize: 4,
    microbatchSize: 4,
    penaltyWithoutStop: null,
    maximumPromptTokens: 96,
    samplePrompts: 2,
    sampleEverySteps: 1,
  },
  select: { maximumNewTokens: 12, promptLimit: 4 },
  generate: { maximumNewTokens: 16, promptLimit: 8 },
};
