/** The faults of a round: the same for the same seed and round, and of every kind somewhere. */
import { expect, it } from 'vitest';
import {
  FAULT_KINDS,
  FAULTS_A_ROUND,
  planRound,
  type FaultKind,
} from '../../../../scripts/tools/chaos/fault-plan.ts';

const rounds = (seed: number) => Array.from({ length: 200 }, (_, round) => planRound(seed, round));

it('are a function of seed and round, and differ from round to round and from seed to seed', () => {
  expect(rounds(3)).toEqual(rounds(3));
  expect(planRound(3, 17)).toEqual(rounds(3)[17]);
  const texts = (seed: number) => rounds(seed).map((faults) => JSON.stringify(faults));
  expect(new Set([...texts(3), ...texts(4)]).size).toBe(400);
});

it('reach every kind, operation and phase', () => {
  const faults = rounds(1).flat();
  expect(faults).toHaveLength(200 * FAULTS_A_ROUND);
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  expect(new Set(faults.map(({ phase }) => phase)).size).toBe(4);
  expect(new Set(faults.map(({ operation }) => operation)).size).toBe(7);
});

it('break no connection over which all has been said, and flip bits only where bytes lie', () => {
  const placesOf = (wanted: FaultKind) =>
    rounds(2)
      .flat()
      .filter(({ kind }) => kind === wanted)
      .map(({ operation, phase }) => `${operation} ${phase}`);
  expect(placesOf('break').filter((place) => place.endsWith('passed-on'))).toEqual([]);
  expect(new Set(placesOf('flip'))).toEqual(
    new Set(['get-artifact asked', 'put-checkpoint passed-on', 'put-output passed-on']),
  );
});
