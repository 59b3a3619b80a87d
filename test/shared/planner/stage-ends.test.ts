/** When stages end: by plan, by their own pace, and never before now. */
import { expect, it } from 'vitest';
import { stageEnds, stageEndsByWeight, type StageState } from '../../../shared/planner/stage-ends.ts';
import { uniform } from '../../../shared/random.ts';

const NOW = 1_800_000_000_000;
const later = (seconds: number) => NOW + 1000 * seconds;

function stage(given: Partial<StageState>): StageState {
  return {
    name: 'ppo',
    status: 'waiting',
    share: 0,
    worked: 0,
    runners: given.status === 'running' ? 1 : 0,
    ...given,
  };
}

it('is the plan before anything is done', () => {
  const stages = [stage({ name: 'a' }), stage({ name: 'b' })];
  const { ends, share, end } = stageEnds(stages, { a: 60, b: 120 }, NOW);
  expect(ends).toEqual([later(60), later(180)]);
  expect(share).toBe(0);
  expect(end).toBe(later(180));
});

it('moves what waits by the pace of what is done, and weighs stages by the plan', () => {
  const stages = [stage({ name: 'a', status: 'succeeded', share: 1, worked: 120 }), stage({ name: 'b' })];
  const { ends, share } = stageEnds(stages, { a: 60, b: 180 }, NOW);
  expect(ends).toEqual([null, later(360)]);
  expect(share).toBe(0.25);
});

it('takes nothing for fast that had been done before', () => {
  const stages = [
    stage({ name: 'a', status: 'succeeded', share: 1, worked: 0 }),
    stage({ name: 'b', status: 'running', worked: 9 }),
  ];
  const { ends, share } = stageEnds(stages, { a: 60, b: 180 }, NOW);
  expect(ends).toEqual([null, later(180)]);
  expect(share).toBe(0.25);
});

it('goes by its own pace where nothing was planned, and says nothing of what waits', () => {
  const stages = [stage({ name: 'a', status: 'running', share: 0.25, worked: 30 }), stage({ name: 'b' })];
  const { ends, share, end } = stageEnds(stages, undefined, NOW);
  expect(ends).toEqual([later(90), null]);
  expect([share, end]).toEqual([null, null]);
});

it('goes by weights at the pace that shows, however fast the machine is, and says nothing before', () => {
  const begun = stage({ name: 'a', status: 'running', share: 0.01, worked: 1 });
  const stages = [begun, stage({ name: 'b' })];
  expect(stageEndsByWeight(stages, { a: 1, b: 3 }, NOW)).toEqual({
    ends: [null, null],
    share: 0.0025,
    end: null,
  });
  for (const seconds of [0.1, 10, 10_000]) {
    const half = { ...begun, share: 0.5, worked: seconds };
    const { ends, share } = stageEndsByWeight([half, stage({ name: 'b' })], { a: 1, b: 3 }, NOW);
    expect(ends[0]).toBeCloseTo(later(seconds), -1);
    expect(ends[1]).toBeCloseTo(later(7 * seconds), -1);
    expect(share).toBe(0.125);
  }
});

it('is by what was worked: neither a pause nor an earlier start moves it, and runners share what is left', () => {
  const half = stage({ status: 'running', share: 0.5, worked: 100 });
  expect(stageEnds([half], { ppo: 400 }, NOW).end).toBe(later(100));
  expect(stageEnds([half], { ppo: 400 }, NOW + 3_600_000).end).toBe(later(3700));
  expect(stageEnds([{ ...half, runners: 4 }], { ppo: 400 }, NOW).end).toBe(later(25));
});

it('leaves the plan for its own pace as it goes', () => {
  const at = (share: number, seconds: number) =>
    stageEnds([stage({ status: 'running', share, worked: seconds })], { ppo: 100 }, NOW).end;
  expect(at(0.5, 200)).toBe(later(200));
  expect(at(0, 5)).toBe(later(100));
});

it('orders ends, and none lies in the past, whatever is told', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const draw = (counter: number) => uniform(seed, 77, counter);
    const running = Math.floor(draw(0) * 4);
    const stages = Array.from({ length: 4 }, (_, index) => {
      if (index > running) return stage({ name: `s${index}` });
      const worked = draw(10 + index) * 500;
      return index < running
        ? stage({ name: `s${index}`, status: 'succeeded', share: 1, worked })
        : stage({ name: `s${index}`, status: 'running', share: draw(20), worked });
    });
    const planned = Object.fromEntries(stages.map(({ name }, index) => [name, draw(30 + index) * 300]));
    const { ends, end, share } = stageEnds(stages, planned, NOW);
    const known = [NOW, ...ends.filter((one) => one !== null)];
    expect(known, `seed ${seed}`).toEqual(known.toSorted((a, b) => a - b));
    expect(end, `seed ${seed}`).toBe(known.at(-1));
    expect(share ?? -1, `seed ${seed}`).toBeGreaterThanOrEqual(0);
    expect(share ?? 2, `seed ${seed}`).toBeLessThanOrEqual(1);
  }
});
