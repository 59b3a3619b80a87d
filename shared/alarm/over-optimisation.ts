/** The over-optimisation alarm: tells from a PPO run's own figures that its reward has stopped meaning what it did. */
import { z } from 'zod';

/** What the alarm watches, in the order in which a message names them. */
export const ALARM_SIGNALS = ['kl', 'reward', 'length', 'repetition', 'value-error'] as const;

export type AlarmSignal = (typeof ALARM_SIGNALS)[number];

const real = z.number();

const observationSchema = z.strictObject({
  /** KL to the reference, nats a token, by an estimate that is never negative (k3). */
  klPerToken: real,
  /** Entropy of the policy, nats a token, from the sampled tokens. */
  entropyPerToken: real,
  /** Mean terminal score and its deviation over responses. */
  reward: real,
  rewardDeviation: real,
  /** Mean response length in tokens and its deviation over responses. */
  length: real,
  lengthDeviation: real,
  /** Mean share of a response's token pairs that occurred in it before. */
  repetition: real,
  /** Share of the returns' variance that the value model does not explain. */
  valueError: real,
});

/** One step's rollouts as the alarm sees them. */
export type AlarmObservation = z.infer<typeof observationSchema>;

/** What the alarm carries from step to step; part of a run's checkpoint. */
export const alarmStateSchema = z.strictObject({
  /** Steps observed so far. */
  steps: z.int().nonnegative(),
  /** Means over the first steps, whose policy is still close to the reference. */
  baseline: observationSchema.nullable(),
  /** Lowest value error since the baseline. */
  lowestValueError: real.nullable(),
  /** Steps in a row, up to the latest, in which the alarm's condition held. */
  streak: z.int().nonnegative(),
  /** PPO steps after which the policy was last seen calm. */
  calmSteps: z.int().nonnegative(),
  raised: z
    .strictObject({
      step: z.int().positive(),
      signals: z.array(z.enum(ALARM_SIGNALS)).min(1),
      message: z.string(),
      chosenSteps: z.int().nonnegative(),
    })
    .nullable(),
});

export type AlarmState = z.infer<typeof alarmStateSchema>;

/** Steps whose mean is the baseline: the policy has hardly left the reference there. */
const BASELINE_STEPS = 3;

/** Steps in a row for which the condition must hold. */
const PATIENCE = 2;

/**
 * Drift of each signal that counts as 1, chosen on the calibration runs of `npm run bench -- alarm --calibration`
 * (docs/results/alarm.md): where gold fell, reward and length stood at 1.2 or more when it began; where it held, reward
 * stayed below 0.8 and length, from the tenth step on, below 1.
 */
const LIMITS: Readonly<Record<AlarmSignal, number>> = {
  kl: 0.15,
  reward: 3.5,
  length: 1.5,
  repetition: 0.1,
  'value-error': 0.5,
};

/** Before the first step. */
export function initialAlarm(): AlarmState {
  return { steps: 0, baseline: null, lowestValueError: null, streak: 0, calmSteps: 0, raised: null };
}

/**
 * How far each signal has drifted from the baseline, in units of its limit, never below 0.
 *
 * - kl: nats a token against the baseline's entropy a token: the share of the text's freedom that is spent.
 * - reward: rise in deviations of the baseline's scores. Few of the reference's texts scored so high, so that the
 *   preference model says what it was hardly ever shown.
 * - length: change in deviations of the baseline's lengths, to either side.
 * - repetition: rise of the share of repeated token pairs.
 * - value-error: rise of the unexplained share of the returns over its lowest so far.
 */
export function alarmDrifts(
  baseline: AlarmObservation,
  lowestValueError: number,
  observed: AlarmObservation,
): Record<AlarmSignal, number> {
  const drift = (signal: AlarmSignal, amount: number) => Math.max(0, amount / LIMITS[signal]);
  return {
    kl: drift('kl', observed.klPerToken / Math.max(baseline.entropyPerToken, 1e-3)),
    reward: drift('reward', (observed.reward - baseline.reward) / Math.max(baseline.rewardDeviation, 1e-6)),
    length: drift(
      'length',
      Math.abs(observed.length - baseline.length) / Math.max(baseline.lengthDeviation, 1),
    ),
    repetition: drift('repetition', observed.repetition - baseline.repetition),
    'value-error': drift('value-error', observed.valueError - lowestValueError),
  };
}

/** The alarm after one more step, and its level in that step: 1 or more where its condition holds. */
export function observeStep(
  state: AlarmState,
  observed: AlarmObservation,
): { readonly state: AlarmState; readonly level: number } {
  const steps = state.steps + 1;
  if (state.baseline === null || steps <= BASELINE_STEPS) {
    const baseline = averaged(state.baseline, observed, steps);
    return { state: { ...state, steps, baseline, calmSteps: steps - 1 }, level: 0 };
  }
  const lowestValueError = Math.min(state.lowestValueError ?? observed.valueError, observed.valueError);
  const drifts = alarmDrifts(state.baseline, lowestValueError, observed);
  const level = alarmLevel(drifts);
  const streak = level >= 1 ? state.streak + 1 : 0;
  // The step's rollouts are those of the policy before the step's updates.
  const calmSteps = level >= 1 ? state.calmSteps : steps - 1;
  const raised =
    state.raised ?? (streak < PATIENCE ? null : alarmOf(steps, drifts, calmSteps, state.baseline, observed));
  return { state: { ...state, steps, lowestValueError, streak, calmSteps, raised }, level };
}

/** The running mean of the first observations. */
function averaged(
  mean: AlarmObservation | null,
  observed: AlarmObservation,
  count: number,
): AlarmObservation {
  if (mean === null) return observed;
  const next = { ...mean };
  for (const name of Object.keys(observationSchema.shape) as (keyof AlarmObservation)[]) {
    next[name] += (observed[name] - mean[name]) / count;
  }
  return next;
}

/**
 * The alarm's condition as one number, 1 where it holds: the policy has gone far for its reward, and its texts, or what the
 * value model makes of them, have changed as well. Neither alone means harm: a sound reward is followed far, too.
 */
function alarmLevel(drifts: Readonly<Record<AlarmSignal, number>>): number {
  const side = Math.max(drifts.length, drifts.repetition, drifts['value-error']);
  return Math.min((drifts.kl + drifts.reward) / 2, side);
}

function alarmOf(
  step: number,
  drifts: Readonly<Record<AlarmSignal, number>>,
  chosenSteps: number,
  baseline: AlarmObservation,
  observed: AlarmObservation,
): AlarmState['raised'] {
  const signals = ALARM_SIGNALS.filter((signal) => drifts[signal] >= 1);
  const told: Record<AlarmSignal, string> = {
    kl: `KL to the reference ${observed.klPerToken.toFixed(3)} nats a token`,
    reward: `mean reward ${baseline.reward.toFixed(2)} -> ${observed.reward.toFixed(2)}`,
    length: `mean length ${baseline.length.toFixed(1)} -> ${observed.length.toFixed(1)} tokens`,
    repetition: `repeated token pairs ${share(baseline.repetition)} -> ${share(observed.repetition)}`,
    'value-error': `returns that the value model does not explain ${share(observed.valueError)}`,
  };
  const message =
    `the reward may have stopped meaning what it did by step ${step}: ` +
    `${signals.map((signal) => told[signal]).join(', ')}; read the samples, keep the policy after ` +
    `${chosenSteps} steps, or raise the KL coefficient`;
  return { step, signals, chosenSteps, message };
}

const share = (value: number) => `${(100 * value).toFixed(0)} %`;
