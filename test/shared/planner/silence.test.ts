/** An engine that works is never taken for stuck, and one that is stuck is not waited for all day. */
import { expect, it } from 'vitest';
import { longestSilence } from '../../../shared/planner/silence.ts';
import { namedShapes } from '../../../gpu-runner/llama/model/named-shapes.ts';
import { parameterCount } from '../../../shared/planner/model-bytes.ts';

const ppo = { sampleRows: 128, promptTokens: 128, newTokens: 128, trainRows: 4, trainGroups: 2, rank: 8 };
const MINUTE = 60;

it('is minutes for what is small, and grows with the longest run of the engine', () => {
  const { m3, m135, m1b } = namedShapes;
  const [small, medium, large] = [m3, m135, m1b].map((shape) => longestSilence(shape, ppo, 32));
  expect(small).toBeLessThan(20 * MINUTE);
  expect(medium).toBeGreaterThan(small ?? 0);
  expect(medium).toBeLessThan(60 * MINUTE);
  expect(large).toBeGreaterThan(medium ?? 0);
  expect(large).toBeLessThanOrEqual(240 * MINUTE);
});

it('outlasts a step at the slowest rate that a working engine was seen to have', () => {
  // 20 tokens a second trained and 39 read of 135M parameters, with a fifteenth of two cores (docs/results/look.md).
  const { m135 } = namedShapes;
  const positions = ppo.promptTokens + ppo.newTokens;
  const trained = (ppo.trainRows * ppo.trainGroups * positions) / 20;
  const read = (32 * positions) / 39;
  expect(longestSilence(m135, ppo, 32)).toBeGreaterThan(2 * Math.max(trained, read));
  expect(parameterCount(m135)).toBeGreaterThan(1.2e8);
});

it('is never longer than four hours', () => {
  expect(longestSilence(namedShapes.llama7b, { ...ppo, trainRows: 64 }, 32)).toBe(240 * MINUTE);
});
