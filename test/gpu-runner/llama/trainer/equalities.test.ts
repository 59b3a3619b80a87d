/** What must be equal: groups and separate runs, micro-batches and the big batch, forward pass and trainer, a resumed run. */
import { cpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { fastestExactProduct } from '../../../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { describe, expect, it } from 'vitest';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { LanguageModelTrainer } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { PpoTrainer, type PpoRow } from '../../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { PreferenceTrainer } from '../../../../gpu-runner/llama/trainer/preference-trainer.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { TrainerOptions } from '../../../../gpu-runner/llama/trainer/trainer.ts';
import {
  decodeState,
  encodeState,
  groupVector,
  initialState,
  type TrainingState,
  TrainingStateError,
} from '../../../../gpu-runner/llama/trainer/training-state.ts';
import {
  adam,
  randomAdapter,
  randomModel,
  randomSequences,
  smallShape,
  withBase,
  worstDifference,
} from './fixtures.ts';

const TIME = 20;
const shape = smallShape();
const layout = adapterLayout(shape, 4, 8);
const exactProduct = await fastestExactProduct();

function trainerOptions(
  base: BaseFile,
  vectors: readonly Float32Array[],
  microbatchRows = 64,
): TrainerOptions {
  return {
    trainable: {
      kind: 'adapters',
      backend: cpuBackend({ base, exactProduct, hasUnsignedFile: false }),
      layout,
      groups: vectors.length,
    },
    state: initialState(vectors),
    optimiser: adam,
    maximumTime: TIME,
    microbatchRows,
    session: { threads: 2 },
  };
}

function rowsOf(seed: number, count: number): { tokens: number[]; start: number }[] {
  return randomSequences(count, shape.vocabularySize, [4, TIME], seed).map((tokens) => ({
    tokens,
    start: 2,
  }));
}

/** Three updates on the same rows; the state after them. */
async function train(
  options: TrainerOptions,
  groups: readonly (readonly { tokens: number[]; start: number }[])[],
  steps = 3,
): Promise<TrainingState> {
  const trainer = await LanguageModelTrainer.open(options);
  for (let step = 0; step < steps; step++) {
    await trainer.step(
      groups,
      groups.map((_, group) => 0.01 / (group + 1)),
    );
  }
  const { state } = trainer;
  await trainer.close();
  return state;
}

// Where sums may round differently the base is fp32: rounding to 8 bits would make a visible step of the last bit.
describe('groups of one batch', () => {
  it('train as they would alone, on rows of their own number and length', async () => {
    await withBase(shape, 'fp32', 1, async (base) => {
      const vectors = [31, 32, 33].map((seed) => randomAdapter(layout, seed));
      const groups = [rowsOf(1, 4), rowsOf(2, 7), rowsOf(3, 5)];
      const together = await train(trainerOptions(base, vectors), groups);
      for (const [group, vector] of vectors.entries()) {
        const trainer = await LanguageModelTrainer.open(trainerOptions(base, [vector]));
        for (let step = 0; step < 3; step++) await trainer.step([groups[group] ?? []], [0.01 / (group + 1)]);
        expect(worstDifference(groupVector(together, group), groupVector(trainer.state, 0))).toBeLessThan(
          1e-5,
        );
        await trainer.close();
      }
    });
  });

  it('score bit for bit as the base when their adapter is zero, and as the base with a fresh adapter', async () => {
    await withBase(shape, 'int8', 1, async (base) => {
      const vectors = [
        new Float32Array(layout.length),
        initialAdapter(layout, 5, 0),
        randomAdapter(layout, 5),
      ];
      const rows = rowsOf(4, 5);
      const { trainable } = trainerOptions(base, vectors);
      const forwardPass = await ForwardPass.open({
        trainable,
        scoring: 'tokens',
        maximumTime: TIME,
        microbatchRows: 8,
      });
      const { logProbabilities } = await forwardPass.score(initialState(vectors).parameters, [
        rows,
        rows,
        rows,
      ]);
      await forwardPass.close();
      const [none, fresh, trained] = logProbabilities;
      expect(fresh).toEqual(none);
      expect(worstDifference(trained?.[0] ?? [], none?.[0] ?? [])).toBeGreaterThan(1e-3);
    });
  });
});

describe('the KL grid as groups of one batch', () => {
  it('trains policies and value models to the bits of separate runs, whatever each group scores', async () => {
    await withBase(shape, 'int8', 1, async (base) => {
      const coefficients = [0, 1, 2, 3, 4];
      const policies = coefficients.map((seed) => randomAdapter(layout, 60 + seed));
      const values = coefficients.map((seed) => randomAdapter(layout, 70 + seed));
      // One row of each is as long as can be, so that all batches are; how many tokens are scored differs.
      const rollouts = coefficients.map((seed) =>
        [...rowsOf(80 + seed, 23), { tokens: Array.from({ length: TIME }, () => 7), start: 2 }].map(
          madeUpRollout,
        ),
      );
      const together = await trainPpo(base, [...policies, ...values], rollouts);
      for (const index of coefficients) {
        const alone = await trainPpo(
          base,
          [policies[index], values[index]].filter((vector) => vector !== undefined),
          [rollouts[index] ?? []],
        );
        expect(groupVector(together, index)).toEqual(groupVector(alone, 0));
        expect(groupVector(together, coefficients.length + index)).toEqual(groupVector(alone, 1));
      }
    });
  });
});

/** Old log-probabilities, values and advantages of no model, in the range of real ones. */
function madeUpRollout({ tokens, start }: { tokens: number[]; start: number }, row: number): PpoRow {
  const count = tokens.length - start;
  const wave = (rate: number): number[] =>
    Array.from({ length: count }, (_, offset) => Math.sin(rate * (row * TIME + offset)));
  return {
    tokens,
    start,
    oldLogProbabilities: wave(1.3).map((value) => -3 + value),
    oldValues: wave(0.7),
    advantages: wave(2.9),
    returns: wave(0.4),
  };
}

/** Three PPO updates on the same rollouts; the state after them. @param vectors all policies, then their value models */
async function trainPpo(
  base: BaseFile,
  vectors: readonly Float32Array[],
  rollouts: readonly (readonly PpoRow[])[],
): Promise<TrainingState> {
  const trainer = await PpoTrainer.open({
    ...trainerOptions(base, vectors),
    policyClip: 0.2,
    value: { clip: 0.2, coefficient: 0.5 },
    temperature: 1,
  });
  for (let step = 0; step < 3; step++)
    await trainer.step(
      rollouts,
      vectors.map(() => 0.01),
    );
  const { state } = trainer;
  await trainer.close();
  return state;
}

describe('micro-batches', () => {
  it('accumulate to the update of the big batch', async () => {
    await withBase(shape, 'fp32', 1, async (base) => {
      const vectors = [41, 42].map((seed) => randomAdapter(layout, seed));
      const groups = [rowsOf(5, 9), rowsOf(6, 6)];
      const whole = await train(trainerOptions(base, vectors), groups, 1);
      const parts = await train(trainerOptions(base, vectors, 2), groups, 1);
      expect(worstDifference(parts.firstMoments, whole.firstMoments)).toBeLessThan(1e-5);
      expect(worstDifference(parts.secondMoments, whole.secondMoments)).toBeLessThan(1e-5);
    });
  });

  it('accumulate to the gradient of the big batch in full-parameter training', async () => {
    const options = (microbatchRows: number): TrainerOptions => ({
      trainable: { kind: 'full', architecture: shape },
      state: initialState([randomModel(shape, 3)]),
      optimiser: adam,
      maximumTime: TIME,
      microbatchRows,
    });
    const groups = [rowsOf(7, 9)];
    const [whole, parts] = [await train(options(9), groups, 1), await train(options(4), groups, 1)];
    expect(worstDifference(parts.firstMoments, whole.firstMoments)).toBeLessThan(1e-5);
  });

  it('accumulate to the big batch of preference pairs', async () => {
    await withBase(shape, 'fp32', 1, async (base) => {
      const texts = randomSequences(12, shape.vocabularySize, [3, TIME], 8);
      const pairs = [0, 1, 2, 3, 4, 5].map((pair) => ({
        first: texts[2 * pair] ?? [],
        second: texts[2 * pair + 1] ?? [],
        target: pair / 5,
      }));
      const means: Float32Array[] = [];
      for (const rows of [12, 4]) {
        const trainer = await PreferenceTrainer.open(trainerOptions(base, [randomAdapter(layout, 43)], rows));
        const { scores } = await trainer.step([pairs], [0.01]);
        expect(scores[0]).toHaveLength(6);
        means.push(trainer.state.firstMoments.slice());
        await trainer.close();
      }
      expect(worstDifference(means[1] ?? [], means[0] ?? [])).toBeLessThan(1e-5);
    });
  });
});

describe('the first minibatch of PPO', () => {
  it('has a ratio of exactly 1 when the old log-probabilities come from the forward pass, at any temperature', async () => {
    await withBase(shape, 'int8', 1, async (base) => {
      const vectors = [51, 52].map((seed) => randomAdapter(layout, seed));
      const options = trainerOptions(base, vectors);
      const rows = rowsOf(9, 6);
      for (const temperature of [1, 0.8]) {
        const forwardPass = await ForwardPass.open({
          ...options,
          temperature,
          scoring: 'tokens-and-scalars',
          session: { threads: 2 },
        });
        const old = await forwardPass.score(options.state.parameters, [rows, rows]);
        await forwardPass.close();
        const rollouts: PpoRow[] = rows.map((row, index) => ({
          tokens: row.tokens,
          start: row.start,
          oldLogProbabilities: old.logProbabilities[0]?.[index] ?? [],
          oldValues: old.scalars[1]?.[index] ?? [],
          advantages: Array.from({ length: row.tokens.length - row.start }, (_, offset) =>
            Math.sin(offset + index),
          ),
          returns: Array.from({ length: row.tokens.length - row.start }, (_, offset) =>
            Math.cos(offset + index),
          ),
        }));
        const trainer = await PpoTrainer.open({
          ...options,
          policyClip: 0.2,
          value: { clip: 0.2, coefficient: 0.1 },
          temperature,
        });
        const first = await trainer.step([rollouts], [0.01, 0.01]);
        expect(first.logProbabilities[0]).toEqual(old.logProbabilities[0]);
        expect(first.values?.[0]).toEqual(old.scalars[1]);
        first.entropies[0]?.forEach((row, index) => {
          expect(worstDifference(row, old.entropies[0]?.[index] ?? [])).toBeLessThan(1e-4);
        });
        const second = await trainer.step([rollouts], [0.01, 0.01]);
        expect(second.logProbabilities[0]).not.toEqual(old.logProbabilities[0]);
        const both = trainer.state.parameters.slice(0, layout.length);
        await trainer.close();
        const alone = await PpoTrainer.open({
          ...trainerOptions(base, vectors.slice(0, 1)),
          policyClip: 0.2,
          value: null,
          temperature,
        });
        for (const before of [first, second]) {
          const { logProbabilities, values } = await alone.step([rollouts], [0.01]);
          expect(logProbabilities).toEqual(before.logProbabilities);
          expect(values).toBeNull();
        }
        expect(alone.state.parameters).toEqual(both);
        await alone.close();
      }
    });
  });
});

describe('a resumed run', () => {
  it('ends in the bytes of an uninterrupted one', async () => {
    await withBase(shape, 'int8', 1, async (base) => {
      const vectors = [61, 62].map((seed) => initialAdapter(layout, seed, 0));
      const groups = [rowsOf(10, 6), rowsOf(11, 6)];
      const whole = encodeState(await train(trainerOptions(base, vectors), groups, 4));
      const half = encodeState(await train(trainerOptions(base, vectors), groups, 2));
      const trainer = await LanguageModelTrainer.open(trainerOptions(base, vectors));
      trainer.restore(decodeState(half));
      await trainer.step(groups, [0.01, 0.005]);
      await trainer.step(groups, [0.01, 0.005]);
      expect(trainer.state.step).toBe(4);
      expect(Buffer.from(encodeState(trainer.state)).equals(whole)).toBe(true);
      await trainer.close();
      const continued = await train(
        { ...trainerOptions(base, vectors), state: decodeState(half) },
        groups,
        2,
      );
      expect(Buffer.from(encodeState(continued)).equals(whole)).toBe(true);
    });
  });

  it('refuses bytes that are not a whole state, and a state of another shape', async () => {
    const state = initialState([new Float32Array([1, 2, 3])]);
    const bytes = encodeState(state);
    expect(decodeState(bytes)).toEqual(state);
    expect(() => decodeState(bytes.slice(0, -4))).toThrow(TrainingStateError);
    expect(() => decodeState(bytes.slice(0, 10))).toThrow(TrainingStateError);
    expect(() => decodeState(bytes.with(0, 0))).toThrow(/no training state/);
    await withBase(shape, 'int8', 1, async (base) => {
      const trainer = await LanguageModelTrainer.open(
        trainerOptions(base, [new Float32Array(layout.length)]),
      );
      expect(() => trainer.restore(state)).toThrow(/1 groups of 3/);
      await trainer.close();
    });
  });
});
