/** Kills: planned by the seed alone, struck at the point that was planned, counted once the work goes on. */
import { describe, expect, it } from 'vitest';
import { planKill, type Kill, type Victim } from '../../../../scripts/tools/chaos/kill-plan.ts';
import type { Point } from '../../../../scripts/tools/chaos/proxy.ts';
import { Striker } from '../../../../scripts/tools/chaos/striker.ts';

function point(operation: Point['operation'], phase: Point['phase'], given: Partial<Point> = {}): Point {
  return {
    operation,
    phase,
    status: phase === 'asked' ? undefined : 200,
    askedAt: performance.now(),
    ...given,
  };
}

const KILL: Kill = { victim: 'edge', operation: 'put-checkpoint', phase: 'half-sent', skip: 1 };

function striker(mostKills = 5) {
  const strikes: Victim[] = [];
  const made = new Striker({
    plan: () => KILL,
    firstNumber: 0,
    mostKills,
    strike: async (victim) => {
      strikes.push(victim);
    },
  });
  return { made, strikes };
}

describe('kills', () => {
  it('are planned by seed and number, and reach every victim, phase and operation', () => {
    const kills = Array.from({ length: 400 }, (_, number) => planKill(3, number));
    expect(kills).toEqual(Array.from({ length: 400 }, (_, number) => planKill(3, number)));
    expect(kills.map(({ skip }) => skip)).not.toEqual(
      Array.from({ length: 400 }, (_, number) => planKill(4, number).skip),
    );
    expect(new Set(kills.map(({ victim }) => victim)).size).toBe(2);
    expect(new Set(kills.map(({ phase }) => phase)).size).toBe(4);
    expect(new Set(kills.map(({ operation }) => operation)).size).toBe(7);
  });

  it('strike at the planned point, after the skipped ones', async () => {
    const { made, strikes } = striker();
    await made.onPoint(point('put-checkpoint', 'asked'));
    await made.onPoint(point('put-checkpoint', 'half-sent'));
    expect(strikes).toEqual([]);
    await made.onPoint(point('put-checkpoint', 'half-sent'));
    expect(strikes).toEqual(['edge']);
  });

  it('count when work that was asked for afterwards is accepted', async () => {
    const { made } = striker();
    const early = performance.now();
    for (let time = 0; time < 2; time++) await made.onPoint(point('put-checkpoint', 'half-sent'));
    await made.onPoint(point('heartbeat', 'passed-on', { askedAt: early }));
    await made.onPoint(point('heartbeat', 'passed-on', { status: 409 }));
    await made.onPoint(point('claim', 'passed-on'));
    await made.onPoint(point('heartbeat', 'answered'));
    expect(made.struck).toEqual([]);
    await made.onPoint(point('heartbeat', 'passed-on'));
    expect(made.struck).toMatchObject([{ ...KILL, number: 0 }]);
  });

  it('stop at the most, and go on to the next plan when theirs does not come', async () => {
    const { made, strikes } = striker(1);
    for (let time = 0; time <= 60; time++) await made.onPoint(point('claim', 'asked'));
    expect(made.nextNumber).toBe(1);
    for (let time = 0; time < 2; time++) await made.onPoint(point('put-checkpoint', 'half-sent'));
    made.recovered();
    for (let time = 0; time < 9; time++) await made.onPoint(point('put-checkpoint', 'half-sent'));
    expect(strikes).toHaveLength(1);
  });
});
