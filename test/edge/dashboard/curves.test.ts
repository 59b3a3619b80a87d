/** What is drawn of a curve: smoothed, over tokens or KL, with ticks and notes that are true. */
import { assert, double, property, uniqueArray, integer } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acrossOf, chartsOf, companionOf, matches, type Run } from '../../../edge/dashboard/curves/charts.ts';
import { over, smoothed, tokensUpTo, type Point } from '../../../edge/dashboard/curves/transform.ts';
import { klNote } from '../../../edge/dashboard/text/kl-note.ts';
import { tickText } from '../../../edge/dashboard/text/tick-text.ts';

function run(change: Partial<Run>): Run {
  return { taskId: 't', label: '', names: [], rollouts: 4, klEstimator: 'k1', ...change };
}
const TWO = ['objective/scores', 'objective/kl', 'completions/mean_length', 'val/ratio'].flatMap((name) => [
  `${name}@kl=0.1`,
  `${name}@kl=0.2`,
]);

describe('the charts of runs', () => {
  it('have a line for each policy of each run, and reward against KL where both are told', () => {
    const { main, other } = chartsOf([run({ names: TWO })]);
    expect(main.map(({ title }) => title)).toEqual(['Reward', 'KL', 'Reward against KL', 'Length']);
    expect(main[1]?.lines.map(({ label }) => label)).toEqual(['kl=0.1', 'kl=0.2']);
    expect(other.map(({ metric }) => metric)).toEqual(['val/ratio']);
    const several = chartsOf([
      run({ label: 'one', names: ['objective/scores'] }),
      run({ label: 'two', taskId: 'u', names: ['objective/scores@kl=0.1'] }),
    ]);
    expect(several.main.map(({ title }) => title)).toEqual(['Reward']);
    expect(several.main[0]?.lines.map(({ label }) => label)).toEqual(['one', 'two kl=0.1']);
  });

  it('are drawn over what every run tells, else over steps', () => {
    const [reward] = chartsOf([run({ names: TWO })]).main;
    if (!reward) throw new Error('no chart');
    expect(reward.lines.map((line) => companionOf(line, 'kl'))).toEqual([
      'objective/kl@kl=0.1',
      'objective/kl@kl=0.2',
    ]);
    expect(acrossOf(reward, 'tokens')).toBe('tokens');
    const [mixed] = chartsOf([run({ names: TWO }), run({ names: ['objective/scores'] })]).main;
    expect(mixed && acrossOf(mixed, 'kl')).toBe('step');
    const [silent] = chartsOf([run({ names: TWO, rollouts: undefined })]).main;
    expect(silent && acrossOf(silent, 'tokens')).toBe('step');
  });

  it('are found by words of title or name', () => {
    const [reward] = chartsOf([run({ names: TWO })]).main;
    const asked = ['rew', 'SCORES objective', '', ' ', 'kl'].map(
      (filter) => reward && matches(reward, filter),
    );
    expect(asked).toEqual([true, true, true, true, false]);
  });
});

describe('curves', () => {
  const points = (): readonly Point[] => [
    [1, 4],
    [2, 2],
    [4, 8],
  ];

  it('are smoothed by steps: those that were thinned out weigh nothing', () => {
    expect(smoothed(points(), 0)).toEqual(points());
    expect(smoothed(points(), 0.5)).toEqual([
      [1, 4],
      [2, 3],
      [4, 0.25 * 3 + 0.75 * 8],
    ]);
    const number = double({ noNaN: true, min: -1e6, max: 1e6 });
    assert(
      property(uniqueArray(integer({ min: 0, max: 1000 }), { minLength: 1 }), number, (steps, value) => {
        const flat = steps.toSorted((a, b) => a - b).map((step): Point => [step, value]);
        for (const [, average] of smoothed(flat, 0.9)) expect(average).toBeCloseTo(value, 3);
      }),
    );
  });

  it('are drawn over another metric by rising x, at the steps that both have', () => {
    const kl: readonly Point[] = [
      [1, 0.5],
      [2, 0.1],
      [3, 9],
    ];
    expect(over(points(), kl)).toEqual([
      [0.1, 2],
      [0.5, 4],
    ]);
  });

  it('are drawn over the tokens that were sampled until then', () => {
    const length = Array.from({ length: 6 }, (_, index): Point => [index + 1, 10 + 2 * index]);
    const whole = tokensUpTo(length, 3);
    let sum = 0;
    expect(whole).toEqual(length.map(([step, mean]) => [step, (sum += 3 * mean)]));
    // A length that rises evenly loses nothing by thinning.
    const thinned = tokensUpTo(
      length.filter((_, index) => index % 5 === 0),
      3,
    );
    expect(thinned.at(-1)).toEqual(whole.at(-1));
    expect(tokensUpTo([], 3)).toEqual([]);
  });
});

describe('what stands beside curves', () => {
  it('is the value of each tick, told from its neighbours', () => {
    const ticks = (from: number, increment: number) =>
      [0, 1, 2].map((tick) => tickText(from + tick * increment, increment).replaceAll('\u202f', ' '));
    expect(ticks(0.9985, 0.0005)).toEqual(['0.9985', '0.999', '0.9995']);
    expect(ticks(1000, 0.5)).toEqual(['1000', '1000.5', '1001']);
    expect(ticks(1.4e-6, 2e-7)).toEqual(['1.4e-6', '1.6e-6', '1.8e-6']);
    expect(ticks(0, 0.00005)).toEqual(['0', '5e-5', '0.0001']);
    expect(ticks(0, 2500)).toEqual(['0', '2 500', '5 000']);
    expect(ticks(-0.2, 0.1)).toEqual(['-0.2', '-0.1', '0']);
    expect(ticks(2e7, 1e7)).toEqual(['2e7', '3e7', '4e7']);
  });

  it('is a note where an estimated KL is below 0, and only there', () => {
    expect(klNote([0, 0.1, -1e-9], 'k1')).toBeUndefined();
    expect(klNote([0.3, -0.01], 'k1')).toMatch(/never negative.+\(k1\)/);
    expect(klNote([-1], undefined)).toContain('(k1)');
  });
});
