/** The loss of single responses: its value, baseline and gradient against log-probabilities by hand in float64. */
import { describe, expect, it } from 'vitest';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import type { Sequence } from '../../../../gpu-runner/llama/model/sequence.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { type ProspectPair, ProspectTrainer } from '../../../../gpu-runner/llama/trainer/prospect-trainer.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { adam, randomAdapter, randomSequences, smallShape, withBase } from './fixtures.ts';

const TIME = 16;
const BETA = 0.3;
const shape = smallShape();
const layout = adapterLayout(shape, 4, 8);

const trainable = async (base: BaseFile) =>
  ({ kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 }) as const;

async function natsOf(base: BaseFile, vector: Float32Array, sequences: readonly Sequence[]) {
  const forwardPass = await ForwardPass.open({
    trainable: await trainable(base),
    scoring: 'tokens',
    maximumTime: TIME,
    microbatchRows: 64,
    session: { threads: 2 },
  });
  const { logProbabilities } = await forwardPass.score(vector, [sequences]);
  await forwardPass.close();
  return (logProbabilities[0] ?? []).map((values) =>
    Array.from(values).reduce((sum, value) => sum + value, 0),
  );
}

/** Pairs whose references are the base's; those of the unrelated responses are `below` it by so many nats. */
async function pairsOf(
  base: BaseFile,
  seed: number,
  targets: readonly number[],
  below: number,
): Promise<ProspectPair[]> {
  const texts = randomSequences(4 * targets.length, shape.vocabularySize, [4, TIME], seed);
  const sequences = texts.map((tokens) => ({ tokens, start: 2 }));
  const nats = await natsOf(base, new Float32Array(layout.length), sequences);
  return targets.map((target, index) => {
    const [chosen, rejected, ...others] = [0, 1, 2, 3].flatMap((side) => {
      const sequence = sequences[4 * index + side];
      return sequence ? [{ sequence, reference: nats[4 * index + side] ?? 0 }] : [];
    });
    if (chosen === undefined || rejected === undefined) throw new RangeError('four sides were made');
    return {
      chosen: chosen.sequence,
      rejected: rejected.sequence,
      reference: { chosen: chosen.reference, rejected: rejected.reference },
      targetMargin: 0,
      target,
      unrelated: others.map(({ sequence, reference }) => ({ sequence, reference: reference - below })),
    };
  });
}

/** z0 of the pairs for a policy. */
async function baselineOf(base: BaseFile, vector: Float32Array, pairs: readonly ProspectPair[]) {
  const unrelated = pairs.flatMap((pair) => pair.unrelated);
  const nats = await natsOf(
    base,
    vector,
    unrelated.map(({ sequence }) => sequence),
  );
  const moved = unrelated.map(({ reference }, row) => (nats[row] ?? 0) - reference);
  return Math.max(0, moved.reduce((sum, value) => sum + value, 0) / moved.length);
}

/** Mean over responses of 1 - P(it turned out as labelled), with the baseline held. */
async function lossOf(
  base: BaseFile,
  vector: Float32Array,
  pairs: readonly ProspectPair[],
  baseline: number,
) {
  const nats = await natsOf(
    base,
    vector,
    pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]),
  );
  const value = (row: number, reference: number) =>
    1 / (1 + Math.exp(-BETA * ((nats[row] ?? 0) - reference - baseline)));
  const losses = pairs.flatMap(({ reference, target }, pair) => {
    const gained = value(2 * pair, reference.chosen);
    const lost = value(2 * pair + 1, reference.rejected);
    return [target * (1 - gained) + (1 - target) * gained, target * lost + (1 - target) * (1 - lost)];
  });
  return losses.reduce((sum, one) => sum + one, 0) / losses.length;
}

const open = async (base: BaseFile, vector: Float32Array, microbatchRows = 64) =>
  await ProspectTrainer.open(
    {
      trainable: await trainable(base),
      state: initialState([vector]),
      optimiser: adam,
      maximumTime: TIME,
      microbatchRows,
      session: { threads: 2 },
    },
    BETA,
  );

describe('the loss of single responses', () => {
  it.each([
    ['by which the policy has moved towards all texts', 10],
    ['nothing, where it has moved away from them', -10],
  ])('is that of the definition, its baseline %s', async (_, below) => {
    await withBase(shape, 'fp32', 3, async (base) => {
      const vector = randomAdapter(layout, 61);
      const pairs = await pairsOf(base, 1, [1, 0.8, 0.3, 0], below);
      const baseline = await baselineOf(base, vector, pairs);
      expect(baseline > 0).toBe(below > 0);
      const trainer = await open(base, vector);
      const { loss } = await trainer.step([pairs], [0]);
      await trainer.close();
      expect(loss).toBeCloseTo(await lossOf(base, vector, pairs, baseline), 5);
    });
  });

  it("moves by that loss's gradient at a baseline that stands still, and by micro-batches as by the whole", async () => {
    await withBase(shape, 'fp32', 3, async (base) => {
      const vector = randomAdapter(layout, 62);
      const pairs = await pairsOf(base, 2, [1, 0.9, 0.2], 1);
      const baseline = await baselineOf(base, vector, pairs);
      const gradients = [];
      for (const rows of [64, 2]) {
        const trainer = await open(base, vector, rows);
        const { gradientNorms } = await trainer.step([pairs], [0]);
        const norm = gradientNorms[0] ?? 0;
        // Moments after the first step hold (1 - beta1) times the clipped gradient.
        const scale = Math.min(1, 1 / norm) * (1 - adam.beta1);
        gradients.push(trainer.state.firstMoments.map((value) => value / scale));
        await trainer.close();
      }
      const [gradient = new Float32Array(), cut = new Float32Array()] = gradients;
      const length = Math.hypot(...gradient);
      expect(Math.hypot(...gradient.map((value, index) => value - (cut[index] ?? 0)))).toBeLessThan(
        1e-4 * length,
      );
      const step = 0.004;
      const at = async (sign: number) => {
        const moved = vector.map((value, index) => value + (sign * step * (gradient[index] ?? 0)) / length);
        return await lossOf(base, moved, pairs, baseline);
      };
      const slope = ((await at(1)) - (await at(-1))) / (2 * step);
      expect(slope / length).toBeCloseTo(1, 2);
    });
  });
});
