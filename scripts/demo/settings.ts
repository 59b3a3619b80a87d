/** What the demo asks of each stage at each scale; what is not said here has the API's default. */
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';

export const SCALES = ['small', 'full'] as const;
export type Scale = (typeof SCALES)[number];

/**
 * Measured on the bundled model (npm run bench -- rlcd, docs/method.md): at this rate 15 steps win clearly and keep the
 * base's variety; 30 steps win nearly always, but with half of its distinct word pairs.
 */
const small: Hyperparameters = {
  simulate: { maximumNewTokens: 64, promptLimit: 1440 },
  'train-preference-model': { learningRate: 1e-3, epochs: 2, heldOutPairs: 160, maximumLength: 256 },
  ppo: {
    learningRate: 1e-3,
    maximumNewTokens: 48,
    klCoefficients: [0.02, 0.05, 0.1],
    steps: [8, 15],
    rollouts: 64,
    minibatchSize: 32,
    microbatchSize: 32,
    penaltyWithoutStop: null,
    maximumPromptTokens: 128,
  },
  select: { maximumNewTokens: 48, promptLimit: 100 },
  generate: { maximumNewTokens: 64, topP: 1, promptLimit: 400 },
};

const full: Hyperparameters = {
  simulate: { maximumNewTokens: 64, promptLimit: 3000 },
  'train-preference-model': { learningRate: 1e-3, epochs: 3, heldOutPairs: 300, maximumLength: 256 },
  ppo: {
    learningRate: 2e-4,
    maximumNewTokens: 56,
    klCoefficients: [0.1, 0.2, 0.4],
    steps: [20, 40, 60],
    rollouts: 64,
    minibatchSize: 32,
    microbatchSize: 32,
    penaltyWithoutStop: null,
    maximumPromptTokens: 128,
  },
  select: { maximumNewTokens: 56, promptLimit: 200 },
  generate: { maximumNewTokens: 64, topP: 1, promptLimit: 500 },
};

export const HYPERPARAMETERS: Readonly<Record<Scale, Hyperparameters>> = { small, full };
