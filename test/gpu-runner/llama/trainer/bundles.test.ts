/** Texts that begin alike: what they share is read once, and neither a score nor a gradient knows of it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { lastOf, type Sequence } from '../../../../gpu-runner/llama/model/sequence.ts';
import {
  alikeBeginnings,
  bundleCost,
  bundleSize,
  bundleTokens,
  sharedPrefix,
} from '../../../../gpu-runner/llama/trainer/bundles.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { ppoBatch, type PpoRow } from '../../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import {
  adam,
  familyVariants,
  randomAdapter,
  randomSequences,
  shapeVariants,
  smallShape,
  withBase,
  worstDifference,
} from './fixtures.ts';
import { gradientOf } from './one-run.ts';

const TIME = 24;

/** Answers of their own lengths behind prompts of their own: `answers` to each. */
function answersTo(prompts: number, answers: number, seed: number): Sequence<Int32Array>[] {
  const beginnings = randomSequences(prompts, 48, [2, 13], seed);
  return beginnings.flatMap((prompt, index) =>
    randomSequences(answers, 48, [1, TIME - 13], seed + 1 + index).map((answer) => ({
      tokens: Int32Array.from([...prompt, ...answer]),
      start: prompt.length,
    })),
  );
}

describe('what a bundle shares', () => {
  it('is what all begin with, less the place at which the first score is read', () => {
    const row = (start: number, ...tokens: number[]): Sequence => ({ tokens, start });
    expect(sharedPrefix([row(3, 1, 2, 3, 4), row(3, 1, 2, 3, 5)])).toBe(2);
    expect(sharedPrefix([row(3, 1, 2, 3, 4), row(3, 1, 7, 3, 5)])).toBe(1);
    expect(sharedPrefix([row(1, 1, 2), row(1, 1, 2)])).toBe(0);
    expect(sharedPrefix([row(3, 1, 2, 3, 4)])).toBe(0);
    // Of a whole text only the last place is scored: equal texts differ in that place alone.
    expect(sharedPrefix([lastOf([1, 2, 3]), lastOf([1, 2, 3, 4])])).toBe(2);
    const bundle = [row(3, 1, 2, 3, 4), row(3, 1, 2, 3, 5, 6)];
    expect(bundleSize(bundle)).toEqual({ prefix: 2, texts: 2, own: 3 });
    expect(bundleTokens(bundle)).toBe(2 + 2 + 3);
  });

  it('is found in any order, and only where it costs fewer tokens', () => {
    const texts = fc.array(
      fc.record({
        prompt: fc.integer({ min: 0, max: 3 }),
        answer: fc.array(fc.integer({ min: 0, max: 47 }), { minLength: 1, maxLength: 12 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 12 }), (drawn, most) => {
        const rows = drawn.map(({ prompt, answer }) => {
          const beginning = Array.from({ length: 4 * prompt + 1 }, (_, place) => prompt + place);
          return { tokens: [...beginning, ...answer], start: beginning.length };
        });
        const bundles = alikeBeginnings(rows, most);
        expect(bundles.flat().toSorted((a, b) => a - b)).toEqual(rows.map((_, place) => place));
        const taken = bundles.map((places) => places.flatMap((place) => rows[place] ?? []));
        for (const bundle of taken) {
          expect(bundle.length).toBeLessThanOrEqual(most);
          const apart = bundle.reduce((sum, row) => sum + bundleCost([row]), 0);
          expect(bundleCost(bundle)).toBeLessThanOrEqual(apart + 1e-9);
        }
      }),
    );
    // Four answers to each of three prompts, in disorder.
    const order = [7, 0, 11, 3, 8, 4, 1, 10, 2, 9, 5, 6];
    const answers = order.map((place) => {
      const prompt = Math.floor(place / 4);
      return {
        tokens: [...Array.from({ length: 10 }, (_, token) => token + prompt), place, 1, 2],
        start: 10,
      };
    });
    const found = alikeBeginnings(answers, 8).map((places) => places.map((place) => order[place] ?? 0));
    expect(found.map((places) => places.toSorted((a, b) => a - b))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });
});

describe.each([...shapeVariants, ...familyVariants])('texts that begin alike: %s', (_name, architecture) => {
  it('are scored to the bits of each alone', async () => {
    await withBase(architecture, 'int8', 4, async (base) => {
      const layout = adapterLayout(architecture, 3, 6);
      const vectors = [31, 32].map((seed) => randomAdapter(layout, seed));
      const backend = await openCpuBackend(base);
      const read = async (rows: readonly (readonly Sequence[])[], microbatchRows: number) => {
        const forwardPass = await ForwardPass.open({
          trainable: { kind: 'adapters', backend, layout, groups: 2 },
          scoring: 'tokens-and-scalars',
          maximumTime: TIME,
          microbatchRows,
        });
        const scores = await forwardPass.score(initialState(vectors).parameters, rows);
        await forwardPass.close();
        return scores;
      };
      const rows = [
        [...answersTo(3, 4, 60), lastOf([5, 6, 7]), lastOf([5, 6])],
        [...answersTo(2, 5, 70), ...answersTo(3, 1, 80)],
      ];
      const [together, alone] = [await read(rows, 64), await read(rows, 1)];
      expect(together.scalars).toEqual(alone.scalars);
      expect(together.logProbabilities).toEqual(alone.logProbabilities);
    });
  });

  it('have the gradient that they have apart', async () => {
    await withBase(architecture, 'fp32', 4, async (base) => {
      const layout = adapterLayout(architecture, 3, 6);
      const vectors = [31, 32].map((seed) => randomAdapter(layout, seed));
      const rows = answersTo(3, 4, 90).map(madeUpRollout);
      const found = [];
      for (const siblings of [1, 2, 4])
        found.push(await ppoGradient(await openCpuBackend(base), layout, vectors, rows, siblings));
      const [apart, ...together] = found;
      for (const one of together) {
        expect(one['loss']?.[0]).toBeCloseTo(apart?.['loss']?.[0] ?? Number.NaN, 5);
        expect(worstDifference(one['gradient'] ?? [], apart?.['gradient'] ?? [])).toBeLessThan(1e-4);
      }
    });
  });
});

/** A policy and its value model on the same rows. */
async function ppoGradient(
  backend: Awaited<ReturnType<typeof openCpuBackend>>,
  layout: ReturnType<typeof adapterLayout>,
  vectors: readonly Float32Array[],
  rows: readonly PpoRow[],
  siblings: number,
) {
  const trainable = { kind: 'adapters', backend, layout, groups: 2 } as const;
  const options = {
    trainable,
    state: initialState(vectors),
    optimiser: adam,
    maximumTime: TIME,
    microbatchRows: 12,
    policyClip: 0.2,
    value: { clip: 0.2, coefficient: 0.5 },
    temperature: 0.7,
    siblings,
  };
  const { batch } = ppoBatch([rows], [1 / 50], options);
  const objective = { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 } as const;
  return await gradientOf(trainable, objective, batch.feeds, options.state.parameters, TIME, 0.7);
}

/** Old log-probabilities, values and advantages of no model, in the range of real ones. */
function madeUpRollout({ tokens, start }: Sequence, row: number): PpoRow {
  const wave = (rate: number): number[] =>
    Array.from({ length: tokens.length - start }, (_, offset) => Math.sin(rate * (row * TIME + offset)));
  return {
    tokens,
    start,
    oldLogProbabilities: wave(1.3).map((value) => -4 + value),
    oldValues: wave(0.7),
    advantages: wave(2.9),
    returns: wave(0.4),
  };
}

it('the longest text has its place behind a longer beginning of another bundle', async () => {
  // Padding stands behind position TIME here: the tables end there.
  const architecture: Architecture = smallShape();
  await withBase(architecture, 'int8', 4, async (base) => {
    const layout = adapterLayout(architecture, 3, 6);
    const forwardPass = await ForwardPass.open({
      trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
      scoring: 'tokens',
      maximumTime: TIME,
      microbatchRows: 64,
    });
    const [long = [], other = []] = randomSequences(2, 48, [TIME, TIME], 7);
    const answers = (prompt: readonly number[], length: number): Sequence[] =>
      [1, 2].map((last) => ({
        tokens: [...prompt.slice(0, length), ...long.slice(0, TIME - 1 - length), last],
        start: length,
      }));
    const rows = [...answers(long, TIME - 3), ...answers(other, 3)];
    const { logProbabilities } = await forwardPass.score(new Float32Array(layout.length), [rows]);
    for (const [row, sequence] of rows.entries()) {
      const alone = await forwardPass.score(new Float32Array(layout.length), [[sequence]]);
      expect(alone.logProbabilities[0]?.[0]).toEqual(logProbabilities[0]?.[row]);
    }
    await forwardPass.close();
  });
});
