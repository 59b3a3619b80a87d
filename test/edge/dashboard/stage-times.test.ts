/** Waiting told apart from working, and the end by the clock. */
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../edge/dashboard/app/types.ts';
import { endsOf, timesOf } from '../../../edge/dashboard/pages/experiment/stage-times.ts';

type Task = Stage['tasks'][number];
const MINUTE = 60_000;

function stage(change: Partial<Stage>, ...tasks: readonly Partial<Task>[]): Stage {
  return {
    name: 'ppo',
    status: 'running',
    progress: 0,
    plannedSeconds: null,
    weight: 1,
    readyAt: 0,
    startedAt: null,
    finishedAt: null,
    runnerSeconds: 0,
    tasks: tasks as Task[],
    ...change,
  } as Stage;
}

describe('the times of a stage', () => {
  it('are those of waiting alone until a runner takes a task', () => {
    const waiting = { status: 'queued' } as const;
    expect(timesOf(stage({}, waiting), 20 * MINUTE)).toEqual({ waited: 1200, worked: undefined });
    expect(endsOf([stage({ plannedSeconds: 60 }, waiting)], 20 * MINUTE)).toEqual({
      ends: [null],
      end: null,
    });
    expect(timesOf(stage({ status: 'waiting', readyAt: null }), MINUTE).waited).toBeUndefined();
  });

  it('keep the wait and the work of runners apart, and tell the end by the pace of the work', () => {
    const task = { status: 'leased' } as const;
    const taken = { startedAt: 20 * MINUTE, runnerSeconds: 60 };
    const running = stage({ ...taken, progress: 0.25 }, task);
    // A quarter in the minute since it was taken: three more to go.
    expect(timesOf(running, 21 * MINUTE)).toEqual({ waited: 1200, worked: 60 });
    const next = stage({ name: 'select', status: 'waiting', readyAt: null, weight: 0.5 });
    // Half as much comes behind it, at the pace that it shows.
    expect(endsOf([running, next], 21 * MINUTE)).toEqual({
      ends: [24 * MINUTE, 26 * MINUTE],
      end: 26 * MINUTE,
    });
    const early = stage({ ...taken, progress: 0.001 }, task);
    expect(endsOf([early, next], 21 * MINUTE)).toEqual({ ends: [null, null], end: null });
  });

  it('go by the plan, as fast as what is done went, also for stages that wait', () => {
    const taken = { startedAt: 20 * MINUTE, runnerSeconds: 120 };
    const running = stage({ ...taken, progress: 0.5, plannedSeconds: 120 }, { status: 'leased' });
    const next = stage({ name: 'select', status: 'waiting', readyAt: null, plannedSeconds: 60 });
    // Half of two planned minutes took two: it goes at half the speed of the plan.
    expect(endsOf([running, next], 22 * MINUTE)).toEqual({
      ends: [24 * MINUTE, 26 * MINUTE],
      end: 26 * MINUTE,
    });
    const waits = stage({ progress: 0, plannedSeconds: 120 }, { status: 'queued' });
    expect(endsOf([waits, next], 22 * MINUTE).end).toBeNull();
  });

  it('of what an earlier experiment had done are none', () => {
    const done = stage(
      { status: 'succeeded', progress: 1, startedAt: 0, finishedAt: 0 },
      { status: 'succeeded', startedAt: -MINUTE, runnerSeconds: 30 },
    );
    expect(timesOf(done, 5 * MINUTE)).toEqual({ waited: 0, worked: 0 });
    expect(endsOf([done], 5 * MINUTE)).toEqual({ ends: [null], end: null });
  });
});
