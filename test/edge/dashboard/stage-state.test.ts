/** What a stage is said to do, from the states of its tasks. */
import { describe, expect, it } from 'vitest';
import { stateOf, whyOf } from '../../../edge/dashboard/pages/experiment/stage-state.ts';
import type { Stage } from '../../../edge/dashboard/app/types.ts';

const tasksOf = (...statuses: readonly Stage['tasks'][number]['status'][]) =>
  statuses.map((status) => ({
    status,
    waitsFor: status === 'queued' ? 'no runner is alive' : null,
  })) as Stage['tasks'];

describe('the state of a stage', () => {
  it('is queued while each of its open tasks waits for a runner', () => {
    expect(stateOf({ status: 'running', tasks: tasksOf('queued', 'queued') })).toBe('queued');
    expect(stateOf({ status: 'running', tasks: tasksOf('succeeded', 'queued') })).toBe('queued');
  });

  it('is running while one is taken, and between the end of its tasks and its own', () => {
    expect(stateOf({ status: 'running', tasks: tasksOf('queued', 'leased') })).toBe('running');
    expect(stateOf({ status: 'running', tasks: tasksOf('succeeded') })).toBe('running');
  });

  it('is what the edge says of one that has not begun or has ended', () => {
    expect(stateOf({ status: 'waiting', tasks: [] })).toBe('waiting');
    expect(stateOf({ status: 'cancelled', tasks: tasksOf('queued') })).toBe('cancelled');
  });

  it('comes with its reason, its own before those of its tasks', () => {
    const tasks = tasksOf('leased', 'queued');
    expect(whyOf({ statusReason: null, waitsFor: null, tasks })).toBe('no runner is alive');
    expect(whyOf({ statusReason: null, waitsFor: 'waits for ppo', tasks })).toBe('waits for ppo');
    expect(whyOf({ statusReason: 'a task failed', waitsFor: null, tasks })).toBe('a task failed');
    expect(whyOf({ statusReason: null, waitsFor: null, tasks: tasksOf('leased') })).toBe('');
  });
});
