/** Direct preference optimisation: its loss and gradient against log-probabilities by hand, and what it learns. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { describe, expect, it } from 'vitest';
import {
  DirectPreferenceTrainer,
  type DirectPreferencePair,
} from '../../../../gpu-runner/llama/trainer/direct-preference-trainer.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { adam, randomAdapter, randomSequences, smallShape, withBase, worstDifference } from './fixtures.ts';

const TIME = 16;
const BETA = 0.3;
const shape = smallShape();
const layout = adapterLayout(shape, 4, 8);

function pairsOf(seed: number, targets: readonly number[]): DirectPreferencePair[] {
  const texts = randomSequences(2 * targets.length, shape.vocabularySize, [4, TIME], seed);
  return targets.map((target, index) => ({
    chosen: { tokens: texts[2 * index] ?? [], start: 2 },
    rejected: { tokens: texts[2 * index + 1] ?? [], start: 2 },
    reference: { chosen: (index - 1) / 4, rejected: 0 },
    targetMargin: index / 8,
    target,
  }));
}

const open = async (
  base: BaseFile,
  vectors: readonly Float32Array[],
  microbatchRows = 64,
  perToken = false,
) =>
  await DirectPreferenceTrainer.open(
    {
      trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: vectors.length },
      state: initialState(vectors),
      optimiser: adam,
      maximumTime: TIME,
      microbatchRows,
      session: { threads: 2 },
    },
    { entry: 'pair', beta: BETA, perToken },
  );

/** log p(chosen) - log p(rejected) less the reference's, by the forward pass. */
async function marginsOf(
  base: BaseFile,
  vector: Float32Array,
  pairs: readonly DirectPreferencePair[],
  perToken = false,
) {
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: TIME,
    microbatchRows: 64,
    session: { threads: 2 },
  });
  const rows = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const { logProbabilities } = await forwardPass.score(vector, [rows]);
  await forwardPass.close();
  const sums = (logProbabilities[0] ?? []).map(
    (values) => Array.from(values).reduce((sum, value) => sum + value, 0) / (perToken ? values.length : 1),
  );
  return pairs.map(
    ({ reference: { chosen, rejected } }, pair) =>
      (sums[2 * pair] ?? 0) - (sums[2 * pair + 1] ?? 0) - (chosen - rejected),
  );
}

/** The loss in float64: mean binary cross-entropy of sigmoid(beta (margin - target margin)) against the label. */
function lossOf(margins: readonly number[], pairs: readonly DirectPreferencePair[]): number {
  const losses = margins.map((margin, pair) => {
    const z = BETA * (margin - (pairs[pair]?.targetMargin ?? 0));
    return Math.log1p(Math.exp(z)) - (pairs[pair]?.target ?? 0) * z;
  });
  return losses.reduce((sum, value) => sum + value, 0) / losses.length;
}

describe('direct preference', () => {
  it.each([
    ['a response', false],
    ['a token', true],
  ])('has loss and margins of nats %s by definition, for soft labels and each group', async (_, perToken) => {
    await withBase(shape, 'fp32', 3, async (base) => {
      const vectors = [51, 52].map((seed) => randomAdapter(layout, seed));
      const groups = [pairsOf(1, [1, 0.8, 0.3]), pairsOf(2, [1, 0, 0.5, 1])];
      const trainer = await open(base, vectors, 64, perToken);
      const { loss, margins } = await trainer.step(groups, [0, 0]);
      await trainer.close();
      let expected = 0;
      for (const [group, pairs] of groups.entries()) {
        const own = await marginsOf(base, vectors[group] ?? new Float32Array(), pairs, perToken);
        expect(worstDifference(margins[group] ?? [], own)).toBeLessThan(1e-4);
        expected += lossOf(own, pairs);
      }
      expect(loss).toBeCloseTo(expected, 5);
    });
  });

  it.each([false, true])(
    "moves by that loss's gradient: a small step changes it as its norm says (%s)",
    async (perToken) => {
      await withBase(shape, 'fp32', 3, async (base) => {
        const vector = randomAdapter(layout, 53);
        const pairs = pairsOf(4, [1, 0.9, 0.2]);
        const trainer = await open(base, [vector], 64, perToken);
        const { gradientNorms } = await trainer.step([pairs], [0]);
        // Moments after the first step hold (1 - beta1) times the clipped gradient.
        const norm = gradientNorms[0] ?? 0;
        const scale = Math.min(1, 1 / norm) * (1 - adam.beta1);
        const gradient = trainer.state.firstMoments.map((value) => value / scale);
        await trainer.close();
        const length = Math.hypot(...gradient);
        expect(length / norm).toBeCloseTo(1, 3);
        const step = 0.02;
        const at = async (sign: number) => {
          const moved = vector.map((value, index) => value + (sign * step * (gradient[index] ?? 0)) / length);
          return lossOf(await marginsOf(base, moved, pairs, perToken), pairs);
        };
        const slope = ((await at(1)) - (await at(-1))) / (2 * step);
        expect(slope / length).toBeCloseTo(1, 1);
      });
    },
  );

  it('accumulates micro-batches to the update of the big batch', async () => {
    await withBase(shape, 'fp32', 3, async (base) => {
      const groups = [pairsOf(5, [1, 0.7, 1, 0.2, 1])];
      const states = [];
      for (const rows of [64, 4]) {
        const trainer = await open(base, [randomAdapter(layout, 54)], rows);
        await trainer.step(groups, [0.01]);
        states.push(trainer.state);
        await trainer.close();
      }
      expect(worstDifference(states[1]?.firstMoments ?? [], states[0]?.firstMoments ?? [])).toBeLessThan(
        1e-5,
      );
    });
  });

  it('learns to prefer, and refuses a label that is no probability', async () => {
    await withBase(shape, 'int8', 3, async (base) => {
      const pairs = pairsOf(6, [1, 1, 1, 1]);
      const trainer = await open(base, [randomAdapter(layout, 55)]);
      const losses: number[] = [];
      for (let step = 0; step < 40; step++) losses.push((await trainer.step([pairs], [0.01])).loss);
      const { margins } = await trainer.step([pairs], [0]);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);
      expect(Math.min(...(margins[0] ?? []))).toBeGreaterThan(0);
      await expect(trainer.step([pairsOf(7, [1.5])], [0])).rejects.toThrow(/label 1.5/);
      await trainer.close();
    });
  });
});
