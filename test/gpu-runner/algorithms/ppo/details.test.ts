/** The implementation details of PPO in formulas, one named test per id, with hand-computed numbers. */
import { describe, expect, it } from 'vitest';
import { chatJudge } from '../../../../gpu-runner/algorithms/judge/chat-judge.ts';
import { judgeSystems } from '../../../../gpu-runner/algorithms/judge/judge-systems.ts';
import { learningRateMultiplier } from '../../../../gpu-runner/tensor/learning-rate.ts';
import { streamOf } from '../../../../gpu-runner/algorithms/streams.ts';
import { estimateAdvantages } from '../../../../gpu-runner/algorithms/ppo/advantages.ts';
import { nextKlCoefficient } from '../../../../gpu-runner/algorithms/ppo/kl-controller.ts';
import { sampledKl, sampledKlMatrix } from '../../../../gpu-runner/algorithms/ppo/kl-penalty.ts';
import { minibatchSchedule, siblingsOf } from '../../../../gpu-runner/algorithms/ppo/minibatches.ts';
import {
  placeRewards,
  scoreNormalisation,
  terminalScores,
} from '../../../../gpu-runner/algorithms/ppo/rewards.ts';
import { adamOf } from '../../../../gpu-runner/algorithms/adam-settings.ts';
import { stepLearningRate } from '../../../../gpu-runner/algorithms/ppo/ppo.ts';
import { rolloutPrompts } from '../../../../gpu-runner/algorithms/ppo/rollout-prompts.ts';
import { updateMetrics } from '../../../../gpu-runner/algorithms/ppo/update-metrics.ts';
import { maskedMoments, whiten } from '../../../../gpu-runner/algorithms/ppo/whitening.ts';
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';
import { valueLoss } from '../../../../gpu-runner/llama/trainer/losses.ts';
import { gradients } from '../../../../gpu-runner/tensor/gradient.ts';
import { adamW } from '../../../../gpu-runner/tensor/optimiser.ts';
import type { HostTensor } from '../../../../gpu-runner/tensor/session.ts';
import { PPO_DEFAULTS } from '../../../../shared/api/tasks/ppo.ts';
import { uniform } from '../../../../shared/random.ts';
import { numbers, runOnce } from '../../tensor/engine.ts';
import { system } from '../judge/systems.ts';
import { recordingHooks } from '../tiny-model.ts';
import { pad, paddingOf, shapeOf, unpad } from './ragged.ts';

describe('details of PPO for language models', () => {
  it('G5 the learning rate anneals to 0: warm-up 5, T = 20 gives 0, .2, .8, 1, .733, .067 at steps 1, 2, 5, 6, 10, 20', () => {
    const schedule = { kind: 'linear', warmupSteps: 5, totalSteps: 20 } as const;
    const multipliers = [1, 2, 5, 6, 10, 20].map((step) => learningRateMultiplier(schedule, step - 1));
    expect(multipliers.map((value) => Number(value.toFixed(3)))).toEqual([0, 0.2, 0.8, 1, 0.733, 0.067]);
    expect(learningRateMultiplier(schedule, 20)).toBe(0);
    expect(learningRateMultiplier({ ...schedule, kind: 'cosine' }, 20)).toBeCloseTo(0, 15);
  });

  it('G5 a constant schedule does not depend on the final step count, so one run serves every column of the grid', () => {
    const at = (totalSteps: number) =>
      Array.from({ length: 20 }, (_, step) =>
        learningRateMultiplier({ kind: 'constant', warmupSteps: 5, totalSteps }, step),
      );
    expect(at(20)).toEqual(at(80));
  });

  it('G6 two seeds and two streams draw different numbers, each repeatable', () => {
    const draw = (seed: number, row: number) =>
      Array.from({ length: 8 }, (_, position) => uniform(seed, streamOf('rollout', row), position));
    expect(draw(1, 0)).toEqual(draw(1, 0));
    expect(draw(1, 0)).not.toEqual(draw(2, 0));
    expect(draw(1, 0)).not.toEqual(draw(1, 1));
    expect(streamOf('rollout', 0)).not.toBe(streamOf('generation', 0));
  });

  it('M1 the score lands on the last true token alone', () => {
    const shape = shapeOf([[0, 0, 0], [0]]);
    const rewards = placeRewards(shape, pad([[0, 0, 0], [0]], shape), 0.1, [2, -3]);
    expect(unpad(rewards, shape)).toEqual([[-0, -0, 2], [-3]]);
  });

  it('M3 scores are brought to mean 0 and standard deviation 1 on reference samples', () => {
    const normalisation = scoreNormalisation([1, 2, 3, 6]);
    expect(normalisation.mean).toBe(3);
    expect(normalisation.standardDeviation).toBeCloseTo(Math.sqrt(3.5), 12);
    const scores = terminalScores([1, 2, 3, 6], [1, 1, 1, 1], { normalisation, missingEosPenalty: null });
    expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 12);
    expect(scores.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 12);
  });

  it('M3 a preference model without spread is refused', () => {
    expect(() => scoreNormalisation([0.5, 0.5, 0.5])).toThrow(/no spread/);
    expect(() => scoreNormalisation([1])).toThrow(/no spread/);
    expect(() => scoreNormalisation([1, Number.NaN])).toThrow(/no spread/);
  });

  it('P3d a dialogue ends in "Assistant:", a long prompt is dropped whole, and one that waits for no answer, too', () => {
    const tokenizer = {
      startsWithBos: true,
      eosTokens: [],
      encodePrompt: (text: string) => Int32Array.from(text, (letter) => letter.codePointAt(0) ?? 0),
    };
    const model = { tokenizer, architecture: { maximumPositions: 100 } } as unknown as Model;
    const parameters = {
      promptForm: 'dialogue',
      responseOpening: '',
      maximumPromptTokens: 40,
      maximumNewTokens: 50,
    } as const;
    const short = '\n\nHuman: Hello\n\nAssistant:';
    const long = `\n\nHuman: ${'Hello '.repeat(9)}\n\nAssistant:`;
    const of = (...texts: string[]) =>
      rolloutPrompts(
        texts.map((text, index) => ({ id: String(index), text })),
        model,
        parameters,
        null,
      );
    const { usable, leftOut } = of(short, long, 'Human: Hello\n\nAssistant: Hi');
    const [kept, ...others] = usable;
    expect(others).toEqual([]);
    expect(leftOut).toEqual({ 'too-long': 1, 'no-open-turn': 1 });
    expect(kept?.text).toBe(short);
    expect(String.fromCodePoint(...(kept?.tokens ?? []))).toBe(short);
    expect(() => of('\n\nHuman: Hello\n\nAssistant: Hi')).toThrow(/none of 1 prompts.*must end with/);
    expect(() => of(long)).toThrow(/none of 1 prompts.*leaves room for 40/);
  });

  it('P5d a response that has not ended earns the fixed penalty, an ended one its score', () => {
    const normalisation = { mean: 1, standardDeviation: 2 };
    const scores = terminalScores([5, 5], [1, 0], { normalisation, missingEosPenalty: -1 });
    expect([...scores]).toEqual([2, -1]);
    expect([...terminalScores([5, 5], [1, 0], { normalisation, missingEosPenalty: null })]).toEqual([2, 2]);
  });

  it('P6d with gamma 1 and lambda 1 returns telescope to the rewards still to come', () => {
    const shape = shapeOf([[1, 2, 3], [4]]);
    const { returns, advantages } = estimateAdvantages(
      shape,
      pad([[1, 2, 3], [4]], shape),
      pad([[10, 20, 30], [40]], shape),
      { gamma: 1, gaeLambda: 1 },
    );
    expect(unpad(returns, shape)).toEqual([[6, 5, 3], [4]]);
    expect(unpad(advantages, shape)).toEqual([[-4, -15, -27], [-36]]);
  });

  it('P6d gamma 0.5 and lambda 0.5 by hand', () => {
    const shape = shapeOf([[1, 2]], 0);
    const { advantages, returns } = estimateAdvantages(shape, [1, 2], [4, 8], {
      gamma: 0.5,
      gaeLambda: 0.5,
    });
    // delta1 = 2 - 8 = -6; delta0 = 1 + 0.5 * 8 - 4 = 1; A0 = 1 + 0.25 * -6 = -0.5
    expect([...advantages]).toEqual([-0.5, -6]);
    expect([...returns]).toEqual([3.5, 2]);
  });

  it('P7d every epoch is reshuffled and visits each rollout exactly once', () => {
    const settings = { rollouts: 12, groupSize: 1, epochs: 3, minibatchSize: 6, microbatchSize: 4 };
    const schedule = minibatchSchedule(settings, 7, 5);
    const orders = [0, 1, 2].map((epoch) =>
      schedule
        .filter((minibatch) => minibatch.epoch === epoch)
        .flatMap((minibatch) => minibatch.microbatches.flat()),
    );
    for (const order of orders)
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(orders[0]).not.toEqual(orders[1]);
    expect(orders[1]).not.toEqual(orders[2]);
    expect(schedule.map((minibatch) => minibatch.microbatches.map((rows) => rows.length))).toEqual(
      Array.from({ length: 6 }, () => [4, 2]),
    );
    expect(minibatchSchedule(settings, 7, 5)).toEqual(schedule);
    expect(minibatchSchedule(settings, 7, 6)).not.toEqual(schedule);
  });

  it('P7d answers to one prompt stay neighbours, as many as fill both kinds of batches', () => {
    const settings = { rollouts: 24, groupSize: 4, epochs: 2, minibatchSize: 12, microbatchSize: 6 };
    expect(siblingsOf(settings)).toBe(2);
    expect(siblingsOf({ ...settings, microbatchSize: 4 })).toBe(4);
    expect(siblingsOf({ ...settings, groupSize: 1 })).toBe(1);
    const rows = minibatchSchedule(settings, 7, 5).flatMap(({ microbatches }) => microbatches.flat());
    for (let first = 0; first < rows.length; first += 2) {
      expect([(rows[first] ?? 1) % 2, rows[first + 1]]).toEqual([0, (rows[first] ?? 0) + 1]);
    }
    expect(rows.slice(0, 24).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(rows.slice(0, 24)).not.toEqual(rows.slice(24));
  });

  it('P7d rollouts that do not divide into minibatches are refused', () => {
    const settings = { rollouts: 10, groupSize: 1, epochs: 1, minibatchSize: 4, microbatchSize: 2 };
    expect(() => minibatchSchedule(settings, 1, 0)).toThrow(/do not divide/);
    expect(() => minibatchSchedule({ ...settings, epochs: 0 }, 1, 0)).toThrow(/epochs is 0/);
  });

  it('P8d rewards sum to score - beta * KL', () => {
    const policy = [[-1, -2, -0.5], [-3]];
    const reference = [[-1.5, -1, -2], [-2]];
    const shape = shapeOf(policy);
    const kl = sampledKlMatrix('k1', shape, pad(policy, shape), pad(reference, shape, -7));
    expect(unpad(kl, shape)).toEqual([[0.5, -1, 1.5], [-1]]);
    const rewards = unpad(placeRewards(shape, kl, 0.5, [2, -3]), shape);
    expect(rewards[0]).toEqual([-0.25, 0.5, 1.25]);
    expect(rewards[0]?.reduce((a, b) => a + b)).toBeCloseTo(2 - 0.5 * 1, 12);
    expect(rewards[1]?.[0]).toBeCloseTo(-3 + 0.5, 12);
  });

  it('P9d rewards keep their mean, advantages lose it, both by the population variance', () => {
    const shape = shapeOf(
      [
        [1, 3],
        [5, 7],
      ],
      0,
    );
    // mean 4, population variance (9 + 1 + 1 + 9) / 4 = 5
    const root = Math.sqrt(5 + 1e-8);
    expect([...whiten(shape, [1, 3, 5, 7], 'shift-mean')]).toEqual([-3, -1, 1, 3].map((x) => x * (1 / root)));
    expect([...whiten(shape, [1, 3, 5, 7], 'keep-mean')]).toEqual(
      [-3, -1, 1, 3].map((x) => x * (1 / root) + 4),
    );
  });

  it('P11d the adaptive coefficient follows its closed form: init .15, target 6, horizon 10,000, error clipped to 0.2', () => {
    const settings = { kind: 'adaptive', target: 6, horizon: 10_000 } as const;
    let coefficient = 0.15;
    for (let step = 0; step < 10; step++) coefficient = nextKlCoefficient(settings, coefficient, 60, 512);
    expect(coefficient).toBeCloseTo(0.15 * (1 + (0.2 * 512) / 10_000) ** 10, 14);
    expect(nextKlCoefficient(settings, 0.15, 0, 512)).toBeCloseTo(0.15 * (1 - (0.2 * 512) / 10_000), 14);
    expect(nextKlCoefficient(settings, 0.15, 6.6, 512)).toBeCloseTo(0.15 * (1 + (0.1 * 512) / 10_000), 14);
    expect(nextKlCoefficient(settings, 0.15, 6, 512)).toBe(0.15);
    expect(nextKlCoefficient({ kind: 'fixed' }, 0.02, 60, 512)).toBe(0.02);
  });

  it('P10d the value loss is the larger of the clipped and the plain one: no gradient where the clip makes it so', async () => {
    const feed = (...data: number[]): HostTensor => ({
      dtype: 'float32',
      shape: [4],
      data: Float32Array.from(data),
    });
    const { loss, slope } = await runOnce(
      (graph) => {
        const input = (name: string) => graph.input(name, 'float32', [4]);
        const values = input('values');
        const targets = { oldValues: input('old'), returns: input('returns'), weights: input('weights') };
        const total = valueLoss(values, targets, 0.2);
        const [gradient = total] = gradients(total, [values]);
        return { loss: total, slope: gradient };
      },
      // Old values 0, clip 0.2; within the clip; beyond it towards the return, twice; beyond it away from the return.
      {
        values: feed(0.1, 0.5, -0.5, -0.5),
        old: feed(0, 0, 0, 0),
        returns: feed(1, 1, -1, 1),
        weights: feed(1, 1, 1, 1),
      },
    );
    // Plain and clipped squares: .81 and .81; .25 and .64; .25 and .64; 2.25 and 1.44.
    expect(numbers(loss)[0]).toBeCloseTo((0.81 + 0.64 + 0.64 + 2.25) / 2, 5);
    expect(numbers(slope).map((value) => Number(value.toFixed(5)) + 0)).toEqual([-0.9, 0, 0, -1.5]);
    const row = { oldLogProbabilities: [0, 0], advantages: [0, 0], oldValues: [0, 0], returns: [1, 1] };
    const metrics = (valueClip: number) =>
      updateMetrics(
        [
          {
            rows: [row],
            logProbabilities: [[0, 0]],
            entropies: [[0, 0]],
            values: [[0.1, 0.5]],
            policyGradientNorm: 1,
            valueGradientNorm: 1,
          },
        ],
        0.2,
        valueClip,
      );
    expect(metrics(0.2)['loss/value_avg']).toBeCloseTo((0.81 + 0.64) / 4, 12);
    expect(metrics(0.2)['val/clipfrac_avg']).toBe(0.5);
    expect(metrics(1e30)['loss/value_avg']).toBeCloseTo((0.81 + 0.25) / 4, 12);
  });

  it("AD1 Adam adds epsilon in PyTorch's place or in TensorFlow's, as set, by the closed form of the first step", async () => {
    const [gradient, rate, epsilon] = [0.01, 0.1, 0.1];
    const scalar = (value: number): HostTensor => ({
      dtype: 'float32',
      shape: [1],
      data: Float32Array.of(value),
    });
    const first = async (epsilonForm: 'corrected' | 'uncorrected') => {
      const options = adamOf({ ...PPO_DEFAULTS, epsilon, epsilonForm });
      expect(options.epsilonForm).toBe(epsilonForm);
      const { next } = await runOnce(
        (graph) => {
          const input = (name: string) => graph.input(name, 'float32', [1]);
          const state = {
            parameter: input('parameter'),
            firstMoment: input('firstMoment'),
            secondMoment: input('secondMoment'),
          };
          const [after = state] = adamW(
            [state],
            [input('gradient')],
            { learningRate: input('rate'), step: input('step') },
            options,
          );
          return { next: after.parameter };
        },
        {
          parameter: scalar(0),
          firstMoment: scalar(0),
          secondMoment: scalar(0),
          gradient: scalar(gradient),
          rate: scalar(rate),
          step: scalar(1),
        },
      );
      return numbers(next)[0];
    };
    // Both moments are corrected to g and g^2: lr g / (|g| + e); uncorrected, sqrt(1 - beta2) |g| stands against e.
    expect(await first('corrected')).toBeCloseTo((-rate * gradient) / (gradient + epsilon), 7);
    const root = Math.sqrt(1 - PPO_DEFAULTS.beta2);
    expect(await first('uncorrected')).toBeCloseTo(
      (-rate * root * gradient) / (root * gradient + epsilon),
      7,
    );
    expect(PPO_DEFAULTS.epsilonForm).toBe('corrected');
  });

  it('N+1 the end-of-text trick is the default, at -1, and one learning rate serves every size and length of run', () => {
    const scores = terminalScores([5, 5], [1, 0], {
      missingEosPenalty: PPO_DEFAULTS.penaltyWithoutStop,
      normalisation: null,
    });
    expect([...scores]).toEqual([5, -1]);
    const settings = { ...PPO_DEFAULTS, learningRate: 3e-6, warmupSteps: 0 };
    for (const steps of [[20], [20, 40, 60, 80]]) {
      expect(stepLearningRate({ ...settings, steps }, 0)).toBe(3e-6);
      expect(stepLearningRate({ ...settings, steps }, 19)).toBe(3e-6);
    }
  });

  it('N+5 systems are judged on the same prompts, in both orders: a judge that looks at the place alone favours none', async () => {
    const first = system(['alpha', 'beta', 'gamma'], 5);
    const second = system(['one', 'two', 'three'], 5);
    const judge = chatJudge(
      'a judge',
      { kind: 'endpoint', model: 'm', question: 'harmless', orders: 'both', maximumTokens: 64, price: null },
      {
        responseOpening: '',
        seed: 1,
        ask: async () => ({ text: '(A) is better', retries: 0, tokens: null }),
      },
    );
    const { hooks } = recordingHooks();
    const { judgements } = await judgeSystems(first, second, [judge], hooks, null);
    expect(judgements[0]).toMatchObject({ winRate: 0.5, ties: 3, orders: 'both' });
    const elsewhere = second.map(({ promptId, completion, tokens, ended, baseLogProbability }) => {
      return { promptId, prompt: 'another', completion, tokens, ended, baseLogProbability };
    });
    await expect(judgeSystems(first, elsewhere, [judge], hooks, null)).rejects.toThrow(/no counterpart/);
  });

  it('A1 whitening masks padding: other padding, same result, and padding stays 0', () => {
    const rows = [
      [1, 3],
      [5, 7, 9],
    ];
    const shape = shapeOf(rows);
    const one = whiten(shape, pad(rows, shape, 0), 'shift-mean');
    const other = whiten(shape, pad(rows, shape, 1e6), 'shift-mean');
    expect(one).toEqual(other);
    expect(paddingOf(one, shape).every((value) => value === 0)).toBe(true);
    expect(maskedMoments(shape, pad(rows, shape, 1e6))).toEqual({ mean: 5, variance: 8 });
  });

  it('A1 parity counts padding up to the longest response allowed, as zeros, and it still stays 0', () => {
    const rows = [
      [1, 3],
      [5, 7, 9],
    ];
    const shape = shapeOf(rows);
    // Two rows of four cells: 1 3 0 0, 5 7 9 0.
    const moments = maskedMoments(shape, pad(rows, shape, 1e6), 8);
    expect(moments.mean).toBeCloseTo(25 / 8, 12);
    expect(moments.variance).toBeCloseTo(165 / 8 - (25 / 8) ** 2, 12);
    const whitened = whiten(shape, pad(rows, shape, 1e6), 'shift-mean', 8);
    expect(whitened[0]).toBeCloseTo((1 - 25 / 8) / Math.sqrt(165 / 8 - (25 / 8) ** 2), 6);
    expect(paddingOf(whitened, shape).every((value) => value === 0)).toBe(true);
    expect(() => maskedMoments(shape, pad(rows, shape, 0), 4)).toThrow(/4 cells cannot hold 5 tokens/);
  });

  it('A1 the score lands on the true last token even where padding and end share one id', () => {
    // Lengths, not token ids, say where a response ends: the row is [.., end] + [end, end] of padding.
    const shape = { rows: 1, columns: 5, lengths: [3] };
    const rewards = placeRewards(shape, new Float64Array(5), 0, [4]);
    expect([...rewards]).toEqual([-0, -0, 4, 0, 0]);
  });

  it('A1 the default estimators have no one-sided clamp: only k1-clamped drops negative differences', () => {
    expect(sampledKl('k1', -0.7)).toBe(-0.7);
    expect(sampledKl('k1-clamped', -0.7)).toBe(0);
    expect(sampledKl('k1-clamped', 0.7)).toBe(0.7);
    expect(sampledKl('k2', -2)).toBe(2);
    expect(sampledKl('k3', Math.LN2)).toBeCloseTo(0.5 - 1 + Math.LN2, 15);
  });

  it('A1 a response without tokens has no place for its score and is refused', () => {
    expect(() => placeRewards({ rows: 1, columns: 2, lengths: [0] }, [0, 0], 0, [1])).toThrow(/no token/);
  });
});
