/** What became of a run by a judge: courses whose end is known, what chance alone makes of one, and policies in between. */
import { describe, expect, it } from 'vitest';
import { judgedRun, type KeptPolicy } from '../../../shared/alarm/judged-run.ts';
import { uniform } from '../../../shared/random.ts';

const PROMPTS = 200;

/** Every policy wins on the first prompts, as many as its rate says: nothing is left to chance. */
const course = (rates: readonly number[]): KeptPolicy[] =>
  rates.map((rate, place) => ({
    steps: 3 * (place + 1),
    shares: Array.from({ length: PROMPTS }, (_, prompt) => Number(prompt < rate * PROMPTS)),
  }));

describe('what became of a run', () => {
  it('is told from its best and its last policy, and where it came nearer to the last', () => {
    const fallen = judgedRun(course([0.6, 0.8, 0.7, 0.58, 0.5, 0.4]), 9, 8);
    expect(fallen).toMatchObject({
      best: { steps: 6, winRate: 0.8 },
      last: { steps: 18, winRate: 0.4 },
      // Half of what was won is 0.6: 0.58 is the first below it.
      fellBy: 12,
    });
    expect(fallen.p).toBeLessThan(0.01);
    expect(fallen.alarm).toMatchObject({ raisedAt: 9, chosenSteps: 8 });
    // Two thirds of the way from 0.8 after 6 steps to 0.7 after 9.
    expect(fallen.alarm.winRate).toBeCloseTo(0.8 - 0.1 * (2 / 3), 12);
  });

  it('counts no dip that it came back from', () => {
    const back = judgedRun(course([0.6, 0.8, 0.3, 0.79, 0.4]), null, 15);
    expect([back.best.steps, back.fellBy]).toEqual([6, 15]);
    expect(judgedRun(course([0.6, 0.8, 0.3, 0.8]), null, 12)).toMatchObject({ fellBy: null });
  });

  it('begins even: a run that only loses fell from its start', () => {
    const lost = judgedRun(course([0.4, 0.3, 0.2]), 4, 1);
    expect(lost).toMatchObject({ best: { steps: 0, winRate: 0.5 }, fellBy: 6 });
    expect(lost.alarm.winRate).toBeCloseTo(0.5 - 0.1 / 3, 12);
  });

  it('has not fallen where it ends at its best', () => {
    const held = judgedRun(course([0.6, 0.7, 0.8]), null, 9);
    expect(held).toMatchObject({ best: held.last, p: 1, fellBy: null, alarm: { winRate: 0.8 } });
    // The alarm keeps the whole of a longer run where it was never raised.
    expect(judgedRun(course([0.6, 0.7]), null, 40).alarm.winRate).toBe(0.7);
    expect(() => judgedRun([], null, 0)).toThrow('at least one policy');
  });

  it('is not told of chance: where all ten policies are equally good, at most one run in twenty', () => {
    const runs = 300;
    let told = 0;
    for (let run = 0; run < runs; run++) {
      const policies = Array.from({ length: 10 }, (_, place) => ({
        steps: place + 1,
        shares: Array.from({ length: PROMPTS }, (_prompt, prompt) =>
          Number(uniform(11, run * 10 + place, prompt) < 0.65),
        ),
      }));
      if (judgedRun(policies, null, 10).fellBy !== null) told++;
    }
    // 5 % of 300 and three of its deviations.
    expect(told).toBeLessThanOrEqual(26);
  });
});
