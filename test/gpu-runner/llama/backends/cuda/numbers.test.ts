/** The CUDA form on the CPU provider, which has its types: against the CPU form of the same base. */
import { openCpuBackend } from '../../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal } from '../../../../../shared/random.ts';
import { openCudaBase } from '../../../../../gpu-runner/llama/backends/cuda/cuda-base.ts';
import { writeRandomCudaBase } from '../../../../bench/gpu/random-cuda-base.ts';
import { cudaBackend } from '../../../../../gpu-runner/llama/backends/cuda/cuda-backend.ts';
import type { DecodeAttention } from '../../../../../gpu-runner/llama/backends/cuda/rollout-graph.ts';
import type { Backend } from '../../../../../gpu-runner/llama/model/backend.ts';
import type { BaseFile } from '../../../../../gpu-runner/llama/weights/base-file.ts';
import { Sampler } from '../../../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout, initialAdapter } from '../../../../../gpu-runner/llama/model/lora-layout.ts';
import { type PpoRow, PpoTrainer } from '../../../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { ForwardPass } from '../../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { initialState } from '../../../../../gpu-runner/llama/trainer/training-state.ts';
import { endsAt, rowTokens, smallBase, smallRequest, smallShape } from '../../sampler/small-model.ts';

let folder: string;
let base: BaseFile;
/** Its CUDA form, with decoding steps that attend as asked. */
let moved: (attention?: DecodeAttention) => Backend;
const layout = adapterLayout(smallShape, 4, 8);
/** A from its first values, B away from zero, so that every factor has a gradient. */
const vector = initialAdapter(layout, 1, 0).map((value, index) =>
  value === 0 ? 0.02 * normal(5, 1, index) : value,
);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rlcd-cuda-'));
  base = await smallBase(path.join(folder, 'base'));
  const { folder: converted } = await openCudaBase(base, folder);
  moved = (attention) => cudaBackend(base, converted, attention);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Sessions of the CUDA form that run here. */
const session = { device: 'cpu', threads: 1 } as const;

describe('sampling', () => {
  it.each(['fused', 'two-part'] as const)(
    '%s: draws the CPU form’s tokens but for near ties',
    async (attention) => {
      const adapters = { layout, groups: 2 };
      const parameters = new Float32Array([...vector, ...vector.map((value) => -value)]);
      // Each group has a prompt of its own and one that two rows go on from, at other places.
      const { prompts } = smallRequest(6);
      const shared = [0, 1, 1, 3, 4, 3].map((row) => prompts[row] ?? []);
      const request = smallRequest(6, { prompts: shared, maximumNewTokens: 40 });
      const cpu = await Sampler.open({
        backend: await openCpuBackend(base),
        adapters,
        maximumPositions: 128,
        session: { threads: 1 },
      });
      const expected = await cpu.sample(request, parameters);
      await cpu.close();
      const cuda = await Sampler.open({
        backend: moved(attention),
        adapters,
        maximumPositions: 128,
        session,
      });
      const found = await cuda.sample(request, parameters);
      const again = await cuda.sample(request, parameters);
      // A cut between two runs of the engine falls on a chunk: the state goes through the host and nothing changes.
      const cut = await Sampler.open({
        backend: moved(attention),
        adapters,
        maximumPositions: 128,
        runMilliseconds: 0,
        session,
      });
      expect(await cut.sample(request, parameters)).toEqual(found);
      await cut.close();
      await cuda.close();
      expect(again).toEqual(found);
      let compared = 0;
      for (let row = 0; row < 6; row++) {
        const [a, b] = [rowTokens(expected, row), rowTokens(found, row)];
        const common = a.findIndex((token, index) => token !== b[index]);
        const length = common === -1 ? a.length : common;
        compared += length;
        for (let index = 0; index < length; index++) {
          const gap =
            (expected.logProbabilities[row * expected.width + index] ?? 0) -
            (found.logProbabilities[row * found.width + index] ?? 0);
          // The CPU form rounds activations to 8 bits, which moves log-probabilities by 0.01 and more; fp16 by a tenth of it.
          expect(Math.abs(gap)).toBeLessThan(0.05);
        }
      }
      expect(compared).toBeGreaterThan(80);
    },
  );

  it('ends rows at their limits and stop sequences as the CPU form does', async () => {
    const request = smallRequest(3, { maximumNewTokens: [0, 3, 33], ends: endsAt([[5], [7, 9]]) });
    const cuda = await Sampler.open({ backend: moved(), maximumPositions: 128, session });
    const { lengths, finishReasons, tokens, width } = await cuda.sample(request);
    await cuda.close();
    expect(lengths[0]).toBe(0);
    expect(lengths[1]).toBeLessThanOrEqual(3);
    expect(lengths[2]).toBeLessThanOrEqual(33);
    const ended = finishReasons.flatMap((reason, row) =>
      reason === 'stop' ? [tokens[row * width + (lengths[row] ?? 0) - 1]] : [],
    );
    expect([5, 9, ...smallShape.eosTokens]).toEqual(expect.arrayContaining(ended));
  });
});

describe('training', () => {
  const rows: readonly PpoRow[] = [0, 1, 2].map((row) => ({
    tokens: Array.from({ length: 20 + row }, (_, index) => (row * 79 + index * 47 + 1) % 160),
    start: 8,
    oldLogProbabilities: new Float32Array(12 + row).fill(-Math.log(160)),
    advantages: Float32Array.from({ length: 12 + row }, (_, index) => ((index + row) % 3) - 1),
    oldValues: new Float32Array(12 + row),
    returns: new Float32Array(12 + row).fill(0.5),
  }));

  /** The gradient of one PPO step: with beta1 = 0 the means are it. */
  async function gradientOf(backend: Backend) {
    const trainer = await PpoTrainer.open({
      trainable: { kind: 'adapters', backend, layout, groups: 2 },
      state: initialState([vector, vector]),
      optimiser: {
        beta1: 0,
        beta2: 0.999,
        epsilon: 1e-5,
        weightDecay: 0,
        epsilonForm: 'corrected',
        clipNorm: 1e9,
      },
      maximumTime: 32,
      microbatchRows: 2,
      policyClip: 0.2,
      value: { clip: 0.2, coefficient: 0.1 },
      temperature: 1,
      session,
    });
    const step = await trainer.step([rows], [1e-3, 1e-3]);
    const gradient = trainer.state.firstMoments.slice();
    await trainer.close();
    return { step, gradient };
  }

  it('has the CPU form’s loss, scores and gradient within fp16', async () => {
    const [cpu, cuda] = [await gradientOf(await openCpuBackend(base)), await gradientOf(moved())];
    expect(cuda.step.loss).toBeCloseTo(cpu.step.loss, 2);
    cpu.step.logProbabilities[0]?.forEach((row, index) => {
      row.forEach((value, place) => {
        expect(Math.abs(value - (cuda.step.logProbabilities[0]?.[index]?.[place] ?? 0))).toBeLessThan(0.05);
      });
    });
    for (const group of [0, 1]) {
      const part = (values: Float32Array): Float32Array =>
        values.subarray(group * layout.length, (group + 1) * layout.length);
      const [a, b] = [part(cpu.gradient), part(cuda.gradient)];
      // The CPU form's own rounding to 8 bits turns its gradient by about this much from the exact one.
      expect(cosine(a, b)).toBeGreaterThan(0.998);
      expect(Math.sqrt(dot(b, b) / dot(a, a))).toBeCloseTo(1, 1);
    }
  });

  it('scores by the operators it trains with', async () => {
    const forwardPass = await ForwardPass.open({
      trainable: { kind: 'adapters', backend: moved(), layout, groups: 1 },
      scoring: 'tokens-and-scalars',
      maximumTime: 32,
      microbatchRows: 2,
      session,
    });
    const { logProbabilities } = await forwardPass.score(vector, [rows]);
    await forwardPass.close();
    const { step } = await gradientOf(moved());
    expect(logProbabilities[0]?.length).toBe(3);
    logProbabilities[0]?.forEach((row, index) => {
      row.forEach((value, place) => {
        expect(value).toBeCloseTo(step.logProbabilities[0]?.[index]?.[place] ?? 0, 3);
      });
    });
  });
});

describe('random weights for a bench', () => {
  it('sample to finite log-probabilities near uniform, and are there once', async () => {
    const target = path.join(folder, 'random');
    await writeRandomCudaBase(target, smallShape, 1);
    expect(await writeRandomCudaBase(target, smallShape, 2)).toBe(target);
    const sampler = await Sampler.open({
      backend: cudaBackend({ architecture: smallShape, isTurned: true }, target),
      maximumPositions: 128,
      session,
    });
    const { logProbabilities } = await sampler.sample(smallRequest(2, { maximumNewTokens: 8 }));
    await sampler.close();
    for (const value of logProbabilities) expect(value).toBeLessThanOrEqual(0);
    expect(Math.min(...logProbabilities)).toBeGreaterThan(-20);
  });
});

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
