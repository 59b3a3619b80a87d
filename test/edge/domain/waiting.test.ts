import { describe, expect, it } from 'vitest';
import { whyTaskWaits } from '../../../edge/domain/waiting.ts';

const task = { status: 'queued', availableAt: 0, engineVersion: '9' };
const fleet = (...live: readonly (readonly [string, number])[]) => ({ live: new Map(live) });

describe('why a task waits', () => {
  it.each([
    [fleet(['9', 1]), 'waits for the runner to be free'],
    [fleet(['9', 3]), 'waits for one of 3 runners to be free'],
    [fleet(), 'waits for a runner; none is alive'],
    [fleet(['8', 1]), 'waits for a runner with engine version 9; alive are 8'],
  ])('%o', (runners, why) => {
    expect(whyTaskWaits(task, runners, 0)).toBe(why);
  });

  it('says nothing of one that does not', () => {
    expect(whyTaskWaits({ ...task, status: 'leased' }, fleet(), 0)).toBeNull();
  });
});
