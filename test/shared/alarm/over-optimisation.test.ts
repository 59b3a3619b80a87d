/** The over-optimisation alarm as a function of a run's figures: drifts by hand, patience, choice of step, resumption. */
import { assert, double, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alarmDrifts,
  type AlarmObservation,
  type AlarmState,
  alarmStateSchema,
  initialAlarm,
  observeStep,
} from '../../../shared/alarm/over-optimisation.ts';

const calm: AlarmObservation = {
  klPerToken: 0,
  entropyPerToken: 2,
  reward: 0,
  rewardDeviation: 1,
  length: 20,
  lengthDeviation: 5,
  repetition: 0.1,
  valueError: 1,
};

/** A policy that has found a hole: high reward far from the reference, by saying one thing at length. */
const hacking: AlarmObservation = {
  ...calm,
  klPerToken: 2,
  entropyPerToken: 0.3,
  reward: 8,
  length: 60,
  repetition: 0.9,
  valueError: 2,
};

function after(observations: readonly AlarmObservation[], start: AlarmState = initialAlarm()): AlarmState {
  return observations.reduce((state, observed) => observeStep(state, observed).state, start);
}

const times = (count: number, observed: AlarmObservation) => Array.from({ length: count }, () => observed);

describe('over-optimisation alarm', () => {
  it('measures drifts from the baseline, each in its own unit and none below 0', () => {
    const none = alarmDrifts(calm, 1, calm);
    expect(none).toEqual({ kl: 0, reward: 0, length: 0, repetition: 0, 'value-error': 0 });
    const one = alarmDrifts(calm, 1, { ...calm, klPerToken: 0.2, reward: 2, length: 15, repetition: 0.2 });
    const two = alarmDrifts(calm, 1, { ...calm, klPerToken: 0.4, reward: 4, length: 30, repetition: 0.3 });
    for (const signal of ['kl', 'reward', 'length', 'repetition'] as const) {
      expect(one[signal]).toBeGreaterThan(0);
      expect(two[signal]).toBeCloseTo(2 * one[signal], 12);
    }
    const better = alarmDrifts(calm, 1, { ...calm, reward: -3, repetition: 0, valueError: 0.2 });
    expect(better).toEqual(none);
    // Units: scores and lengths may be on any scale.
    const scaled = (factor: number, observed: AlarmObservation) => ({
      ...observed,
      reward: factor * observed.reward,
      rewardDeviation: factor * observed.rewardDeviation,
    });
    expect(alarmDrifts(scaled(7, calm), 1, scaled(7, hacking)).reward).toBeCloseTo(
      alarmDrifts(calm, 1, hacking).reward,
      12,
    );
  });

  it('stays silent where a reward is followed far while the texts stay as long and as varied as they were', () => {
    // The farthest that runs with a sound reward went on the calibration runs of the bench.
    const sound = { ...calm, klPerToken: 0.7, reward: 2.6, length: 24.5, repetition: 0.12, valueError: 0.9 };
    expect(after([...times(3, calm), ...times(30, sound)]).raised).toBeNull();
    const { raised } = after([...times(3, calm), ...times(2, { ...sound, reward: 5, length: 29 })]);
    expect(raised?.signals).toEqual(['kl', 'reward', 'length']);
  });

  it('stays silent for a run that stays as it began, however long', () => {
    const state = after(times(200, calm));
    expect(state.raised).toBeNull();
    expect(state.steps).toBe(200);
    expect(state.calmSteps).toBe(199);
  });

  it('is raised by lasting drift, names the signals, and would keep the last policy that was calm', () => {
    const state = after([...times(10, calm), ...times(6, hacking)]);
    expect(state.raised?.chosenSteps).toBe(9);
    expect(state.raised?.step).toBeGreaterThan(11);
    expect(state.raised?.step).toBeLessThan(16);
    expect(state.raised?.signals).toEqual(['kl', 'reward', 'length', 'repetition', 'value-error']);
    expect(state.raised?.message).toMatch(/reward.*8\.00.*keep the policy after 9 steps/);
  });

  it('is not raised by a single step, nor by reward or KL alone', () => {
    const bumps = Array.from({ length: 40 }, (_, step) => (step % 4 === 3 ? hacking : calm));
    expect(after([...times(3, calm), ...bumps]).raised).toBeNull();
    expect(after([...times(3, calm), ...times(40, { ...calm, reward: 8 })]).raised).toBeNull();
    expect(after([...times(3, calm), ...times(40, { ...calm, klPerToken: 2 })]).raised).toBeNull();
    expect(after([...times(3, calm), ...times(40, { ...calm, length: 60 })]).raised).toBeNull();
  });

  it('once raised stays as it was first raised', () => {
    const first = after([...times(5, calm), ...times(6, hacking)]);
    const later = after(times(20, calm), first);
    expect(later.raised).toEqual(first.raised);
  });

  it('goes on from its saved state as if it had not stopped, for any figures', () => {
    const amount = double({ min: 0, max: 3, noNaN: true });
    const observation = record({
      klPerToken: amount,
      entropyPerToken: amount,
      reward: double({ min: -3, max: 9, noNaN: true }),
      rewardDeviation: amount,
      length: double({ min: 1, max: 90, noNaN: true }),
      lengthDeviation: amount,
      repetition: double({ min: 0, max: 1, noNaN: true }),
      valueError: amount,
    });
    assert(
      property(observation, observation, integer({ min: 1, max: 12 }), (one, other, cut) => {
        const run = [...times(5, one), ...times(8, other)];
        const saved = alarmStateSchema.parse(JSON.parse(JSON.stringify(after(run.slice(0, cut)))));
        const state = after(run.slice(cut), saved);
        expect(state).toEqual(after(run));
        expect(state.raised === null || state.raised.chosenSteps < state.raised.step).toBe(true);
      }),
    );
  });
});
