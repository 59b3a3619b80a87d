/** From what was measured of models, prompts and a machine to what sizes are chosen by. */
import type { TrainingMeasurement } from '../api/tasks/look.ts';
import type { ContrastMeasurement } from '../principles/contrast.ts';
import type { SizingLook } from './budget-sizes.ts';
import type { WorkRates } from './seconds.ts';

type Speeds = Pick<WorkRates, 'sampled' | 'read'>;

interface Measured extends Pick<SizingLook, 'prompts' | 'form' | 'longestAnswer'> {
  /** Null where the answers of the simulation are not to be seen before it. */
  readonly contrast: Pick<ContrastMeasurement, 'acceptance' | 'positive' | 'negative'> | null;
  readonly training: TrainingMeasurement;
  /** Of the model that is aligned. */
  readonly own: Speeds;
  /** Of the model that simulates, where it is another. */
  readonly simulator?: Speeds;
}

/** Below this share no plan ends. */
const LEAST_ACCEPTANCE = 0.01;

export function sizingOf({ contrast, training, own, simulator, ...rest }: Measured): SizingLook {
  const { trained, secondsPerTask, promptTokens } = training;
  const rates = { sampled: own.sampled, read: own.read, trained, secondsPerTask };
  return {
    ...rest,
    rates,
    ...(simulator && { simulator: { ...rates, ...simulator } }),
    promptTokens,
    answers: {
      meanTokens:
        contrast === null
          ? rest.longestAnswer
          : (contrast.positive.tokens.mean + contrast.negative.tokens.mean) / 2,
      acceptance: contrast === null ? 1 : Math.max(contrast.acceptance.share, LEAST_ACCEPTANCE),
    },
  };
}
