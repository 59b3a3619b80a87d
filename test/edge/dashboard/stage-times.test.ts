/** Waiting told apart from working, and the end by the clock. */
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../edge/dashboard/app/types.ts';
import { timesOf } from '../../../edge/dashboard/pages/experiment/stage-times.ts';

type Task = Stage['tasks'][number];
const MINUTE = 60_000;

function stage(change: Partial<Stage>, ...tasks: readonly Partial<Task>[]): Stage {
  return {
    name: 'ppo',
    status: 'running',
    progress: 0,
    startedAt: 0,
    finishedAt: null,
    tasks: tasks as Task[],
    ...change,
  } as Stage;
}

describe('the times of a stage', () => {
  it('are those of waiting alone until a runner takes a task', () => {
    const waiting = { status: 'queued', startedAt: null, runnerSeconds: 0 } as const;
    expect(timesOf(stage({}, waiting), 20 * MINUTE)).toEqual({
      waited: 1200,
      worked: undefined,
      endsAt: null,
    });
    expect(timesOf(stage({ status: 'waiting', startedAt: null }), MINUTE).waited).toBeUndefined();
  });

  it('keep the wait and the work of runners apart, and tell the end by the pace of the work', () => {
    const task = { status: 'leased', startedAt: 20 * MINUTE, runnerSeconds: 60 } as const;
    const running = stage({ progress: 0.25 }, task);
    // A quarter in the minute since it was taken: three more to go.
    expect(timesOf(running, 21 * MINUTE)).toEqual({ waited: 1200, worked: 60, endsAt: 24 * MINUTE });
    expect(timesOf(stage({ progress: 0.001 }, task), 21 * MINUTE).endsAt).toBeNull();
  });

  it('add up the work of shards, and count no wait for what an earlier experiment had begun', () => {
    const tasks = [10, 20].map((runnerSeconds) => ({
      status: 'succeeded' as const,
      startedAt: -MINUTE,
      runnerSeconds,
    }));
    const done = stage({ status: 'succeeded', progress: 1, finishedAt: MINUTE }, ...tasks);
    expect(timesOf(done, 5 * MINUTE)).toEqual({ waited: 0, worked: 30, endsAt: null });
  });
});
