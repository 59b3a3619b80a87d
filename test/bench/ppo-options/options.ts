/** PPO's options that no shipped recipe sets, each as a change to one of three settings on the synthetic language. */
import type { PpoSettings } from '../../../gpu-runner/algorithms/ppo/open-run.ts';
import { HACKABLE, type Judge, SOUND } from '../alarm/judges.ts';

/** What an option is held against: the same run without it. */
export interface Setting {
  readonly name: string;
  readonly reward: (seed: number) => Judge;
  readonly klCoefficient: number;
  readonly changes: Partial<PpoSettings>;
  /** Each is the setting with one thing changed. */
  readonly options: Readonly<Record<string, Partial<PpoSettings>>>;
}

function judge(name: string): (seed: number) => Judge {
  const found = { ...SOUND, ...HACKABLE }[name];
  if (found === undefined) throw new Error(`no judge ${name}`);
  return found;
}

export const SETTINGS: readonly Setting[] = [
  {
    name: 'sound reward',
    reward: judge('noisy-gold'),
    klCoefficient: 0.1,
    changes: {},
    options: {
      'k2 estimator': { klEstimator: 'k2' },
      'k3 estimator': { klEstimator: 'k3' },
      'k1, clamped': { klEstimator: 'k1-clamped' },
      'exact KL': { klEstimator: 'exact' },
      'adaptive, target 2': { klController: { kind: 'adaptive', target: 2, horizon: 64 } },
      'adaptive, target 8': { klController: { kind: 'adaptive', target: 8, horizon: 64 } },
      'RLOO, groups of 4': { advantageEstimator: 'rloo', groupSize: 4 },
      'GRPO, groups of 4': { advantageEstimator: 'grpo', groupSize: 4 },
      'rewards not whitened': { whitenRewards: false },
      'advantages not whitened': { whitenAdvantages: false },
      'padding whitened too': { whitenPadding: true },
      'last micro-batch alone': { accumulateMicrobatches: false, microbatchSize: 8 },
    },
  },
  {
    name: 'reward that can be hacked',
    reward: judge('counts-repeats'),
    klCoefficient: 0.01,
    changes: {},
    options: {
      'stop at 15 nats of KL': { earlyStop: { klPerSequence: 15, approximateKl: null } },
      'stop on alarm': { stopOnAlarm: true },
    },
  },
  {
    name: 'learning rate ten times as high',
    reward: judge('noisy-gold'),
    klCoefficient: 0.1,
    changes: { learningRate: 6e-2 },
    options: {
      'stop at an update of 0.05 nats': { earlyStop: { klPerSequence: null, approximateKl: 0.05 } },
      'stop at an update of 0.2 nats': { earlyStop: { klPerSequence: null, approximateKl: 0.2 } },
    },
  },
];
