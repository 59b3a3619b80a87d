/** The implementation details of PPO that live in sampling, scoring and updating: one named test per id, on a tiny model. */
import type { ScoredText } from '../../../../gpu-runner/algorithms/ppo/reward-model.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateGroups } from '../../../../gpu-runner/algorithms/generation.ts';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { ExactKl } from '../../../../gpu-runner/algorithms/ppo/exact-kl.ts';
import { sampleAndScore } from '../../../../gpu-runner/algorithms/ppo/score-rollouts.ts';
import { ResponseReader } from '../../../../gpu-runner/algorithms/response-text.ts';
import { adapterLayout, type AdapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { lastOf, responseOf, sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { ForwardPass, type ForwardPassOptions } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { PPO_DEFAULTS } from '../../../../shared/api/tasks/ppo.ts';
import { randomAdapter, worstDifference } from '../../llama/trainer/fixtures.ts';
import { openTinyModel } from '../tiny-model.ts';
import { metricsOf, tinyRun } from './tiny-run.ts';

const END = 2;
const TIME = 80;
const { signal } = new AbortController();

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let layout: AdapterLayout;
let adapter: Float32Array;
beforeAll(async () => {
  tiny = await openTinyModel();
  layout = adapterLayout(tiny.model.architecture, 2, 4);
  adapter = randomAdapter(layout, 4);
});
afterAll(() => tiny.close());

async function generatorOf(maximumNewTokens: number, rows: number): Promise<Generator> {
  return await Generator.open({
    model: tiny.model,
    adapters: { layout, groups: 1 },
    promptForm: 'prefix',
    temperature: 1,
    topP: PPO_DEFAULTS.topP,
    maximumNewTokens,
    bannedTokens: [],
    seed: 8,
    maximumTime: TIME,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: rows,
    scoreRows: rows,
  });
}

async function withForwardPass<Result>(
  options: Pick<ForwardPassOptions, 'scoring'>,
  use: (forwardPass: ForwardPass) => Promise<Result>,
): Promise<Result> {
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: tiny.model.backend, layout, groups: 1 },
    maximumTime: TIME,
    microbatchRows: 8,
    ...options,
  });
  try {
    return await use(forwardPass);
  } finally {
    await forwardPass.close();
  }
}

const encode = (text: string) => tiny.model.tokenizer.encode(text, { bos: true });

function softmax(logits: Float32Array): Float64Array {
  const top = Math.max(...logits);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

describe('details of PPO in the engine', () => {
  it('G2 the end token is sampled and kept, ends its row, and counts in the score; padding counts for nothing', async () => {
    const generator = await generatorOf(60, 64);
    const requests = Array.from({ length: 64 }, (_, stream) => ({
      promptTokens: encode('They were kind.'),
      stream,
    }));
    const generations = await generator.generate(requests, signal, adapter);
    await generator.close();
    const ended = generations.filter(({ logProbabilities }) => logProbabilities.length < 60);
    expect(ended.length).toBeGreaterThan(2);
    for (const { sequence, logProbabilities, referenceLogProbabilities } of ended) {
      const tokens = responseOf(sequence);
      expect(tokens.indexOf(END)).toBe(tokens.length - 1);
      expect([logProbabilities.length, referenceLogProbabilities.length]).toEqual([
        tokens.length,
        tokens.length,
      ]);
    }
    const text = encode('They were kind.');
    const longer = encode('They were mean and angry. They loved to fight and push.');
    await withForwardPass({ scoring: 'scalars' }, async (forwardPass) => {
      const score = async (...rows: readonly Int32Array[]) => {
        const { scalars } = await forwardPass.score(adapter, [rows.map((row) => lastOf(row))]);
        return scalars[0]?.[0]?.[0] ?? Number.NaN;
      };
      const alone = await score(text);
      expect(Math.abs((await score(text, longer)) - alone)).toBeLessThan(1e-6);
      expect(Math.abs((await score(Int32Array.of(...text, END))) - alone)).toBeGreaterThan(1e-3);
    });
  });

  it('G3 positions count from the first true token: a prompt among longer ones draws what it draws alone', async () => {
    const prompts = ['They were kind.', 'They hurt.', 'They were good friends, kind and gentle.'].map(encode);
    expect(new Set(prompts.map(({ length }) => length)).size).toBe(3);
    const generator = await generatorOf(12, 16);
    const requests = prompts.map((promptTokens, stream) => ({ promptTokens, stream }));
    const together = await generator.generate(requests, signal, adapter);
    for (const [row, request] of requests.entries()) {
      const [alone] = await generator.generate([request], signal, adapter);
      expect(together[row]?.sequence).toEqual(alone?.sequence);
      // Sums over a longer batch may round in another order; a shifted position changes the first digits.
      const gap = worstDifference(together[row]?.logProbabilities ?? [], alone?.logProbabilities ?? []);
      expect(gap).toBeLessThan(1e-6);
    }
    await generator.close();
  });

  it('G4 whole distributions are sampled: frequencies fit the softmax, exact KL is not negative, and k1 averages to it', async () => {
    expect(PPO_DEFAULTS.topP).toBe(1);
    const rows = 2048;
    const promptTokens = encode('They were kind.');
    const generator = await generatorOf(1, 512);
    const requests = Array.from({ length: rows }, (_, stream) => ({ promptTokens, stream }));
    const generations = await generator.generate(requests, signal, adapter);
    await generator.close();
    const [probabilities, reference] = await withForwardPass({ scoring: 'logits' }, async (forwardPass) => {
      const next = async (vector: Float32Array) =>
        softmax((await forwardPass.nextLogits(vector, [[promptTokens]]))[0]?.[0] ?? new Float32Array());
      return [await next(adapter), await next(new Float32Array(layout.length))] as const;
    });
    const counts = new Float64Array(probabilities.length);
    for (const { sequence } of generations) {
      const [token = 0] = responseOf(sequence);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    // Tokens expected fewer than five times share a bin.
    const rare = { observed: 0, expected: 0 };
    let [bins, statistic] = [0, 0];
    probabilities.forEach((probability, token) => {
      const observed = counts[token] ?? 0;
      const expected = probability * rows;
      if (expected < 5) {
        rare.observed += observed;
        rare.expected += expected;
        return;
      }
      bins += 1;
      statistic += (observed - expected) ** 2 / expected;
    });
    if (rare.expected > 0) statistic += (rare.observed - rare.expected) ** 2 / rare.expected;
    // Chi-square of `bins` degrees of freedom: mean `bins`, deviation sqrt(2 bins).
    expect(bins).toBeGreaterThan(20);
    expect(statistic).toBeLessThan(bins + 4.5 * Math.sqrt(2 * bins));
    // A draw that leans to one end moves every bin a little: the sums up to each token show it (Kolmogorov and Smirnov,
    // one in a thousand).
    let [drawn, due, gap] = [0, 0, 0];
    probabilities.forEach((probability, token) => {
      drawn += (counts[token] ?? 0) / rows;
      due += probability;
      gap = Math.max(gap, Math.abs(drawn - due));
    });
    expect(gap).toBeLessThan(1.95 / Math.sqrt(rows));

    const direct = probabilities.reduce(
      (sum, p, token) => sum + p * Math.log(p / (reference[token] ?? Number.NaN)),
      0,
    );
    const { backend } = tiny.model;
    const exactKl = await ExactKl.open({ backend, layout, maximumTime: TIME, temperature: 1 });
    const sequences = generations
      .slice(0, 4)
      .map(({ sequence }) => sequenceOf(promptTokens, [...responseOf(sequence), 300, 301]));
    const measured = await exactKl.measure(adapter, sequences, signal);
    const none = await exactKl.measure(new Float32Array(layout.length), sequences, signal);
    await exactKl.close();
    expect(measured.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
    expect(measured.every((row) => row.every((value) => value > 0))).toBe(true);
    expect(none.every((row) => row.every((value) => value === 0))).toBe(true);
    for (const row of measured) expect(Math.abs((row[0] ?? 0) - direct)).toBeLessThan(1e-4);
    const k1 = generations.map(
      ({ logProbabilities, referenceLogProbabilities }) =>
        (logProbabilities[0] ?? 0) - (referenceLogProbabilities[0] ?? 0),
    );
    const mean = k1.reduce((sum, value) => sum + value, 0) / rows;
    const error = Math.sqrt(k1.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / rows;
    expect(Math.abs(mean - direct)).toBeLessThan(4.5 * error);
  });

  it('P1d logits are divided by the temperature when sampling and when training: the first ratio is 1 at T = 0.7', async () => {
    const run = await tinyRun(tiny.model, { temperature: 0.7, klCoefficients: [0.02], steps: [1] });
    const first = metricsOf(run, 0);
    expect(first['val/first_ratio_deviation']).toBeLessThan(1e-4);
    expect(Math.abs(first['objective/kl0'] ?? 1)).toBeLessThan(1e-3);
  });

  it('P4d there is no dropout: two forwards give the same bits', async () => {
    await withForwardPass({ scoring: 'tokens-and-scalars' }, async (forwardPass) => {
      const rows = [{ tokens: encode('They were mean and angry.'), start: 2 }];
      const one = await forwardPass.score(adapter, [rows]);
      expect(await forwardPass.score(adapter, [rows])).toEqual(one);
    });
  });

  it('N+2 a value model that keeps the head of the preference model explains variance from the first step', async () => {
    // Responses of one word over and over: what is read at their end can be told before.
    const generate: GenerateGroups = async (_, groups) =>
      groups.map((requests) =>
        requests.map(({ promptTokens }, row) => ({
          sequence: sequenceOf(promptTokens, new Int32Array(8).fill(300 + 5 * row)),
          logProbabilities: new Float32Array(8).fill(-5),
          referenceLogProbabilities: new Float32Array(8).fill(-5),
        })),
      );
    const explained = async (valueStart: 'zero-head' | 'preference-head') => {
      const run = await tinyRun(
        tiny.model,
        {
          valueStart,
          klCoefficients: [0],
          steps: [1],
          whitenRewards: false,
          samplePrompts: 0,
          maximumMismatch: 100,
        },
        undefined,
        null,
        { generate },
      );
      return metricsOf(run, 0);
    };
    expect((await explained('zero-head'))['critic/values/max']).toBe(0);
    const warm = await explained('preference-head');
    expect(warm['critic/vf_explained_var']).toBeGreaterThan(0.2);
    // Its values are on the scale of the normalised scores, whose mean over rollouts is 0.
    expect(Math.abs(warm['critic/values/mean'] ?? 9)).toBeLessThan(1);
  });

  it('N+4 every model sees the ids that were sampled: text is never tokenised again, and the score is read at the end token', async () => {
    const { tokenizer } = tiny.model;
    // The seam runs through a word that the tokenizer would join.
    const promptTokens = encode('They were ki');
    const letter = (wanted: string) =>
      Array.from({ length: tokenizer.vocabularySize - 259 }, (_, index) => index + 259).find(
        (token) => tokenizer.decodeAfter(encode('a'), [token]) === wanted,
      ) ?? -1;
    const response = Int32Array.of(letter('n'), letter('d'), END);
    const joined = Int32Array.of(...promptTokens, ...response);
    expect(tokenizer.decode(joined)).toBe('They were kind');
    expect(encode('They were kind').length).toBeLessThan(joined.length - 1);
    const seen: Int32Array[] = [];
    const reward = {
      score: async (texts: readonly ScoredText[]) => {
        seen.push(...texts.map(({ sequence: { tokens } }) => tokens));
        return new Float64Array(texts.length);
      },
      close: async () => {},
    };
    const generation = {
      sequence: sequenceOf(promptTokens, response),
      logProbabilities: new Float32Array(3),
      referenceLogProbabilities: new Float32Array(3),
    };
    const reader = new ResponseReader(tokenizer, 'prefix');
    const generate: GenerateGroups = async () => [[generation]];
    const [[scored] = []] = await sampleAndScore(
      { generate, reader, reward },
      adapter,
      1,
      [{ prompt: 0, promptTokens, stream: 0 }],
      signal,
    );
    expect(seen).toEqual([joined]);
    expect(seen[0]?.at(-1)).toBe(END);
    expect(scored?.response).toMatchObject({ text: 'nd', ended: true });
    await withForwardPass({ scoring: 'scalars' }, async (forwardPass) => {
      const { scalars } = await forwardPass.score(adapter, [
        [lastOf(joined), { tokens: joined, start: 1, scoresEnd: true }],
      ]);
      expect(
        worstDifference([scalars[0]?.[0]?.[0] ?? Number.NaN], [scalars[0]?.[1]?.at(-1) ?? 0]),
      ).toBeLessThan(1e-6);
    });
  });
});
