/** When faults strike: at the point that was planned, one after the other, and until the round ends. */
import { describe, expect, it } from 'vitest';
import { Damage } from '../../../../scripts/tools/chaos/damage.ts';
import { EFFECTS, type Situation } from '../../../../scripts/tools/chaos/effects.ts';
import type { Fault } from '../../../../scripts/tools/chaos/fault-plan.ts';
import type { Machines } from '../../../../scripts/tools/chaos/machines.ts';
import { Broken, type Point } from '../../../../scripts/tools/chaos/proxy.ts';
import { Striker } from '../../../../scripts/tools/chaos/striker.ts';
import { Watch } from '../../../../scripts/tools/chaos/watch.ts';
import { createClient } from '../../../../shared/api/client.ts';

const client = createClient({ baseUrl: 'http://edge.test', key: 'k'.repeat(40) });

function point(operation: Point['operation'], phase: Point['phase'], given: Partial<Point> = {}): Point {
  return {
    operation,
    phase,
    status: phase === 'asked' ? undefined : 200,
    askedAt: performance.now(),
    taskId: 'task',
    epoch: 1,
    sha256: undefined,
    lease: null,
    again: async () => 200,
    ...given,
  };
}

const FAULT: Fault = { kind: 'break', operation: 'put-checkpoint', phase: 'half-sent', skip: 1, size: 0.5 };

function striker(faults: readonly Fault[], effects: Partial<typeof EFFECTS> = {}) {
  return new Striker({
    // Nothing of the processes is asked for by the kinds of these tests.
    machines: {} as unknown as Machines,
    watch: new Watch(),
    damage: new Damage('nowhere', client),
    faults,
    struck: [],
    effects: { ...EFFECTS, ...effects },
  });
}

const kinds = ({ struck }: Striker) => struck.map(({ kind }) => kind);

describe('faults', () => {
  it('strike at the planned point, after the skipped ones, and one at a time', async () => {
    const made = striker([FAULT, { ...FAULT, operation: 'claim', phase: 'answered', skip: 0 }]);
    await made.onTraffic('runner-1', point('claim', 'asked'));
    await made.onTraffic('runner-1', point('put-checkpoint', 'asked'));
    await made.onTraffic('runner-2', point('put-checkpoint', 'half-sent'));
    expect(made.struck).toEqual([]);
    await expect(made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'))).rejects.toThrow(Broken);
    await made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'));
    await expect(made.onTraffic('runner-1', point('claim', 'answered'))).rejects.toThrow(Broken);
    await made.end();
    expect(made.struck).toMatchObject([FAULT, { kind: 'break', operation: 'claim' }]);
  });

  it('strike whichever comes first, and leave out what does not come', async () => {
    const made = striker([FAULT, { ...FAULT, operation: 'claim', phase: 'asked', skip: 0 }]);
    await made.onTraffic('runner-1', point('heartbeat', 'asked'));
    await expect(made.onTraffic('runner-1', point('claim', 'asked'))).rejects.toThrow(Broken);
    await made.onTraffic('runner-1', point('claim', 'asked'));
    await made.end();
    expect(made.struck).toMatchObject([{ operation: 'claim' }]);
  });

  it('wait for one another, let the traffic go on when they release it, and end with the round', async () => {
    const seen: string[] = [];
    const wait = async ({ next }: Situation, release: () => void) => {
      release();
      await next((_, { operation }) => operation === 'complete', 600_000, 2);
      seen.push('over');
    };
    const skipNone = { ...FAULT, skip: 0 };
    const made = striker([{ ...skipNone, kind: 'delay' }, skipNone], { delay: wait });
    await made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'));
    await made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'));
    await made.onTraffic('runner-1', point('complete', 'asked'));
    expect([kinds(made), seen]).toEqual([[], []]);
    await made.end();
    expect([kinds(made), seen]).toEqual([['delay'], ['over']]);
    // The second would have struck by now.
    await made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'));
    expect(kinds(made)).toEqual(['delay']);
  });

  it('tell what broke in themselves', async () => {
    const fail = async () => {
      throw new Error('no such process');
    };
    const made = striker([{ ...FAULT, skip: 0, kind: 'delay' }], { delay: fail });
    await made.onTraffic('runner-1', point('put-checkpoint', 'half-sent'));
    await expect(made.end()).rejects.toThrow('no such process');
  });
});

describe('the watch', () => {
  const claim = (id: string, epoch: number) =>
    point('claim', 'answered', { lease: { id, epoch }, taskId: undefined });

  it('counts a write that is accepted under a lease which somebody else had been given before it was asked', () => {
    const watch = new Watch();
    watch.onPoint('runner-1', claim('task', 1));
    const early = performance.now();
    watch.onPoint('runner-1', point('heartbeat', 'answered'));
    watch.onPoint('runner-2', claim('task', 2));
    watch.onPoint('runner-1', point('heartbeat', 'answered', { askedAt: early - 1 }));
    watch.onPoint('runner-1', point('heartbeat', 'answered', { status: 409 }));
    watch.onPoint('runner-2', point('heartbeat', 'answered', { epoch: 2 }));
    expect(watch.unfenced).toBe(0);
    watch.onPoint('runner-1', point('complete', 'answered', { askedAt: performance.now() + 1 }));
    expect(watch.unfenced).toBe(1);
  });

  it('knows who holds what, and counts what broke inside the edge', () => {
    const watch = new Watch();
    watch.onPoint('runner-1', claim('a', 1));
    watch.onPoint('runner-2', claim('b', 1));
    watch.onPoint('runner-2', point('complete', 'answered', { taskId: 'b', status: 500 }));
    expect(watch.heldBy('runner-2')).toBe('b');
    watch.onPoint('runner-2', point('complete', 'answered', { taskId: 'b' }));
    expect([watch.heldBy('runner-1'), watch.heldBy('runner-2')]).toEqual(['a', undefined]);
    watch.onPoint('runner-1', point('put-output', 'answered', { status: 507 }));
    expect(watch.serverErrors).toBe(1);
  });
});
