import { describe, expect, it } from 'vitest';
import { accumulateGradients } from '../../../gpu-runner/tensor/accumulate.ts';
import { gradients } from '../../../gpu-runner/tensor/gradient.ts';
import { Graph, type Value } from '../../../gpu-runner/tensor/graph.ts';
import { learningRate, type LearningRateSchedule } from '../../../gpu-runner/tensor/learning-rate.ts';
import * as ops from '../../../gpu-runner/tensor/operators.ts';
import { adamW, type AdamOptions, clipByGlobalNorm } from '../../../gpu-runner/tensor/optimiser.ts';
import { serialiseGraph } from '../../../gpu-runner/tensor/serialise.ts';
import { type HostTensor, type HostTensors, TensorSession } from '../../../gpu-runner/tensor/session.ts';
import { relativeError } from '../../oracle/array.ts';
import { Draws, hostTensor, numbers, runOnce, testSeed } from './engine.ts';

const scalar = (value: number): HostTensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** AdamW of one element in float64, by the textbook. */
function adamReference(
  options: AdamOptions,
  start: number,
  gradientsOfSteps: readonly number[],
  rate: (step: number) => number,
): number {
  const { beta1, beta2, epsilon, weightDecay, epsilonForm } = options;
  let [parameter, mean, variance] = [start, 0, 0];
  gradientsOfSteps.forEach((gradient, index) => {
    const step = index + 1;
    parameter -= rate(index) * weightDecay * parameter;
    mean = beta1 * mean + (1 - beta1) * gradient;
    variance = beta2 * variance + (1 - beta2) * gradient ** 2;
    const [bias1, bias2] = [1 - beta1 ** step, 1 - beta2 ** step];
    parameter -=
      epsilonForm === 'corrected'
        ? (rate(index) * (mean / bias1)) / (Math.sqrt(variance / bias2) + epsilon)
        : (rate(index) * Math.sqrt(bias2) * mean) / bias1 / (Math.sqrt(variance) + epsilon);
  });
  return parameter;
}

/** A graph that applies one AdamW update to x with a fed gradient. */
function adamGraph(options: AdamOptions): Uint8Array {
  const graph = new Graph('adam');
  const input = (name: string): Value => graph.input(name, 'float32', ['n']);
  const state = { parameter: input('parameter'), mean: input('mean'), variance: input('variance') };
  const step = {
    learningRate: graph.input('learningRate', 'float32', []),
    step: graph.input('step', 'float32', []),
  };
  const [next] = adamW([state], [input('gradient')], step, options);
  if (next === undefined) throw new Error('no state');
  for (const [name, value] of Object.entries(next)) graph.output(`${name}_next`, value as Value);
  return serialiseGraph(graph);
}

describe(`AdamW (RLCD_TEST_SEED=${testSeed})`, () => {
  for (const epsilonForm of ['corrected', 'uncorrected'] as const) {
    for (const weightDecay of [0, 0.1]) {
      it(`epsilon ${epsilonForm}, weight decay ${weightDecay}: 25 steps as the textbook's`, async () => {
        // Epsilon is large so that its place is felt.
        const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-2, weightDecay, epsilonForm };
        const draws = new Draws(testSeed);
        const start = draws.array([6]);
        const gradientsOfSteps = Array.from({ length: 25 }, () => draws.array([6], (x) => x / 10));
        const rate = (step: number): number => 0.05 / (1 + step);
        const session = await TensorSession.open({ model: adamGraph(options) });
        const zeros = (): HostTensor => ({ dtype: 'float32', shape: [6], data: new Float32Array(6) });
        let state: HostTensors = {
          parameter: hostTensor('float32', start),
          mean: zeros(),
          variance: zeros(),
        };
        for (const [index, gradient] of gradientsOfSteps.entries()) {
          const results = await session.run({
            ...state,
            gradient: hostTensor('float32', gradient),
            learningRate: scalar(rate(index)),
            step: scalar(index + 1),
          });
          state = Object.fromEntries(
            Object.entries(results).map(([name, tensor]) => [name.replace('_next', ''), tensor]),
          );
        }
        await session.close();
        const expected = [...start.data].map((element, position) =>
          adamReference(
            options,
            element,
            gradientsOfSteps.map(({ data }) => data[position] ?? Number.NaN),
            rate,
          ),
        );
        expect(relativeError(numbers(state['parameter']), expected)).toBeLessThan(1e-5);
      });
    }
  }

  it('the two places of epsilon differ', () => {
    const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-2, weightDecay: 0 };
    const [a, b] = (['corrected', 'uncorrected'] as const).map((epsilonForm) =>
      adamReference({ ...options, epsilonForm }, 1, [0.02], () => 0.1),
    );
    expect(Math.abs((a ?? 0) - (b ?? 0))).toBeGreaterThan(0.01);
  });
});

describe('clipping by the global norm', () => {
  const clipped = async (limit: number): Promise<HostTensors> =>
    runOnce(
      (graph) => {
        const [a, b] = [graph.input('a', 'float32', [2]), graph.input('b', 'float32', [1, 1])];
        const { gradients: scaled, norm } = clipByGlobalNorm([a, b], limit);
        return { norm, a_clipped: ops.first(scaled), b_clipped: ops.first(scaled.slice(1)) };
      },
      {
        a: { dtype: 'float32', shape: [2], data: Float32Array.of(2, -3) },
        b: { dtype: 'float32', shape: [1, 1], data: Float32Array.of(6) },
      },
    );

  it('scales all gradients by limit / norm when the norm is above the limit', async () => {
    const outputs = await clipped(3.5);
    expect(numbers(outputs['norm'])[0]).toBeCloseTo(7, 5);
    expect(relativeError(numbers(outputs['a_clipped']), [1, -1.5])).toBeLessThan(1e-6);
    expect(relativeError(numbers(outputs['b_clipped']), [3])).toBeLessThan(1e-6);
  });

  it('leaves gradients below the limit exactly as they are', async () => {
    const outputs = await clipped(7.5);
    expect(numbers(outputs['a_clipped'])).toEqual([2, -3]);
    expect(numbers(outputs['b_clipped'])).toEqual([6]);
  });
});

describe('gradient accumulation', () => {
  it('micro-batches with masks of different sizes give the gradient of the whole batch', async () => {
    const draws = new Draws(testSeed);
    const feeds = {
      x: hostTensor('float64', draws.array([4, 3, 5])),
      target: hostTensor('float64', draws.array([4, 3, 2])),
      mask: hostTensor(
        'float64',
        draws.array([4, 3, 1], (value) => (value > 0 ? 1 : 0)),
      ),
      weight: hostTensor('float64', draws.array([5, 2])),
    };
    const outputs = await runOnce((graph) => {
      const x = graph.input('x', 'float64', ['micro', 'rows', 5]);
      const target = graph.input('target', 'float64', ['micro', 'rows', 2]);
      const mask = graph.input('mask', 'float64', ['micro', 'rows', 1]);
      const weight = graph.input('weight', 'float64', [5, 2]);
      const counted = ops.reduceSum(mask);
      const loss = (part: Value, wanted: Value, kept: Value): Value => {
        const error = ops.subtract(ops.tanh(ops.matMul(part, ops.multiply(weight, 2))), wanted);
        return ops.divide(ops.reduceSum(ops.multiply(ops.multiply(error, error), kept)), counted);
      };
      const whole = loss(x, target, mask);
      const accumulated = accumulateGradients(graph, {
        batches: [x, target, mask],
        parameters: [weight],
        loss: (_body, [part = x, wanted = target, kept = mask]) => ({
          loss: loss(part, wanted, kept),
          statistics: [ops.reduceSum(kept)],
        }),
      });
      return {
        whole,
        wholeGradient: ops.first(gradients(whole, [weight])),
        losses: accumulated.losses,
        gradient: ops.first(accumulated.gradients),
        counts: ops.first(accumulated.statistics),
      };
    }, feeds);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect(numbers(outputs['losses']).length).toBe(4);
    expect(relativeError([sum(numbers(outputs['losses']))], numbers(outputs['whole']))).toBeLessThan(1e-13);
    expect(relativeError(numbers(outputs['gradient']), numbers(outputs['wholeGradient']))).toBeLessThan(
      1e-13,
    );
    expect(sum(numbers(outputs['counts']))).toBe(sum(numbers(feeds.mask)));
  });

  it('batches of different first sizes are refused', () => {
    const graph = new Graph('batches');
    const batches = [graph.input('a', 'float32', [2, 3]), graph.input('b', 'float32', [3, 3])];
    const loss = (): { loss: Value } => ({ loss: graph.scalar(0, 'float32') });
    expect(() => accumulateGradients(graph, { batches, parameters: [], loss })).toThrow(
      'float32[2, 3], float32[3, 3]',
    );
  });
});

describe('learning-rate schedules', () => {
  const base: Omit<LearningRateSchedule, 'kind'> = { peak: 2, warmupSteps: 4, steps: 14, final: 0.5 };

  it('warm up on a line, then hold, fall on a line or on half a cosine', () => {
    for (const kind of ['constant', 'linear', 'cosine'] as const) {
      const rates = Array.from({ length: 4 }, (_, step) => learningRate({ ...base, kind }, step));
      expect(rates).toEqual([0.5, 1, 1.5, 2]);
      expect(learningRate({ ...base, kind }, 4)).toBe(2);
    }
    expect(learningRate({ ...base, kind: 'constant' }, 13)).toBe(2);
    expect(learningRate({ ...base, kind: 'linear' }, 9)).toBeCloseTo(1.25, 12);
    expect(learningRate({ ...base, kind: 'cosine' }, 9)).toBeCloseTo(1.25, 12);
    expect(learningRate({ ...base, kind: 'linear' }, 13)).toBeCloseTo(2 - 1.5 * 0.9, 12);
    expect(learningRate({ ...base, kind: 'cosine' }, 13)).toBeCloseTo(
      0.5 + 0.75 * (1 + Math.cos(0.9 * Math.PI)),
      12,
    );
    expect(learningRate({ kind: 'linear', peak: 1, warmupSteps: 0, steps: 1 }, 0)).toBe(1);
  });

  it('refuses steps and schedules that cannot be', () => {
    for (const step of [-1, 14, 0.5, Number.NaN]) {
      expect(() => learningRate({ ...base, kind: 'linear' }, step)).toThrow('outside 0..13');
    }
    expect(() => learningRate({ ...base, kind: 'linear', peak: Number.NaN }, 0)).toThrow('peak NaN');
    expect(() => learningRate({ ...base, kind: 'linear', warmupSteps: 15 }, 0)).toThrow('15 warm-up of 14');
  });
});

describe(`end to end (RLCD_TEST_SEED=${testSeed})`, () => {
  it('a two-layer perceptron learns exclusive-or of signs by heart, one run of the engine per step', async () => {
    const draws = new Draws(testSeed);
    const points = draws.array([32, 2]);
    const labels = Array.from({ length: 32 }, (_, row) =>
      Number((points.data[2 * row] ?? 0) * (points.data[2 * row + 1] ?? 0) > 0),
    );
    const shapes = { w1: [2, 24], b1: [24], w2: [24, 1], b2: [1] };
    const graph = new Graph('perceptron');
    const x = graph.input('x', 'float32', ['rows', 2]);
    const y = graph.input('y', 'float32', ['rows', 1]);
    const learningRateInput = graph.input('learningRate', 'float32', []);
    const step = graph.input('step', 'float32', []);
    const states = Object.entries(shapes).map(([name, shape]) => ({
      parameter: graph.input(name, 'float32', shape),
      mean: graph.input(`${name}.mean`, 'float32', shape),
      variance: graph.input(`${name}.variance`, 'float32', shape),
    }));
    const [w1, b1, w2, b2] = states.map(({ parameter }) => parameter);
    if (w1 === undefined || b1 === undefined || w2 === undefined || b2 === undefined)
      throw new Error('no parameters');
    const logits = ops.add(ops.matMul(ops.tanh(ops.add(ops.matMul(x, w1), b1)), w2), b2);
    // Binary cross-entropy with logits: softplus(z) - y z.
    const loss = ops.reduceMean(ops.subtract(ops.softplus(logits), ops.multiply(y, logits)));
    const { gradients: clipped } = clipByGlobalNorm(gradients(loss, [w1, b1, w2, b2]), 1);
    const options = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      epsilonForm: 'corrected',
    } as const;
    const next = adamW(states, clipped, { learningRate: learningRateInput, step }, options);
    graph.output('loss', loss);
    Object.keys(shapes).forEach((name, index) => {
      const state = next[index];
      if (state === undefined) throw new Error('no state');
      graph.output(`${name}_next`, state.parameter);
      graph.output(`${name}.mean_next`, state.mean);
      graph.output(`${name}.variance_next`, state.variance);
    });
    const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 1 });
    const zeros = (shape: readonly number[]): HostTensor =>
      hostTensor(
        'float32',
        draws.array(shape, () => 0),
      );
    let state: HostTensors = Object.fromEntries(
      Object.entries(shapes).flatMap(([name, shape]) => [
        [name, hostTensor('float32', draws.array(shape))],
        [`${name}.mean`, zeros(shape)],
        [`${name}.variance`, zeros(shape)],
      ]),
    );
    const batch = {
      x: hostTensor('float32', points),
      y: { dtype: 'float32', shape: [32, 1], data: Float32Array.from(labels) },
    } as const;
    const schedule = { kind: 'linear', peak: 0.05, warmupSteps: 10, steps: 800 } as const;
    const losses: number[] = [];
    for (let index = 0; index < schedule.steps; index++) {
      const rate = scalar(learningRate(schedule, index));
      const { loss, ...rest } = await session.run({
        ...batch,
        ...state,
        learningRate: rate,
        step: scalar(index + 1),
      });
      losses.push(numbers(loss)[0] ?? Number.NaN);
      state = Object.fromEntries(
        Object.entries(rest).map(([name, tensor]) => [name.replace(/_next$/, ''), tensor]),
      );
    }
    await session.close();
    expect(losses[0]).toBeGreaterThan(0.3);
    expect(losses.at(-1)).toBeLessThan(0.03);
  });
});
