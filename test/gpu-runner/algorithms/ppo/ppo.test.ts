/** PPO runs on a tiny model: a grid equals its runs apart, a kill changes no byte, limits stop a run by name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenMeter } from '../../../../gpu-runner/llama/model/token-meter.ts';
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';
import { sampleTokens } from '../../../../shared/api/sample-tokens.ts';
import { ppoResult } from '../../../../shared/api/tasks/ppo.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, repeatable } from '../tiny-model.ts';
import { metricsOf, tinyRun, type TinyOutcome } from './tiny-run.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const run = (...given: Parameters<typeof tinyRun> extends [Model, ...infer Rest] ? Rest : never) =>
  tinyRun(tiny.model, ...given);

describe('PPO', () => {
  let whole: TinyOutcome;
  beforeAll(async () => {
    whole = await run();
  });

  it('keeps every cell of the grid, moves its adapters, and reports under the known names', () => {
    expect(ppoResult.parse(whole.result)).toEqual(whole.result);
    expect([...whole.cells.keys()]).toEqual(['0.02/1', '0.5/1', '0.02/3', '0.5/3']);
    expect(whole.cells.get('0.02/3')).not.toEqual(whole.cells.get('0.02/1'));
    const names = new Set(whole.recorded.metrics.flatMap(({ values }) => Object.keys(values)));
    for (const name of [
      'objective/kl',
      'objective/entropy',
      'objective/rlhf_reward',
      'policy/approxkl_avg',
      'policy/clipfrac_avg',
      'loss/policy_avg',
      'loss/value_avg',
      'val/ratio',
      'critic/vf_explained_var',
      'debug/rollout_train_logprob_diff_mean',
      'completions/clipped_ratio',
    ]) {
      expect(names).toContain(`${name}@kl=0.02`);
      expect(names).toContain(`${name}@kl=0.5`);
    }
    const timed = metricsOf(whole, 1);
    for (const part of ['generate', 'reward', 'values', 'update', 'checkpoint']) {
      expect(timed[`timing/${part}_seconds`]).toBeGreaterThanOrEqual(0);
    }
    expect(timed['timing/tokens_per_second']).toBeGreaterThan(0);
    expect(whole.recorded.samples.map(({ step, texts }) => [step, texts.length])).toEqual([
      [0, 4],
      [2, 4],
    ]);
  });

  it('shows the samples of its last step, however many lie between two reports', async () => {
    const { recorded } = await run({ sampleEverySteps: 100 });
    expect(recorded.samples.map(({ step }) => step)).toEqual([0, 2]);
  });

  it('shows its samples with the log-probabilities of every token', () => {
    for (const { texts, details } of whole.recorded.samples) {
      for (const [index, detail] of details.entries()) {
        const { ends, logProbabilities, referenceLogProbabilities } = sampleTokens.parse(detail['tokens']);
        expect(ends.at(-1)).toBe(texts[index]?.length);
        expect(ends.length).toBeGreaterThan(1);
        expect(Math.max(...logProbabilities)).toBeLessThanOrEqual(0);
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
        const rounding = 0.001 * ends.length;
        const kl = sum(logProbabilities) - sum(referenceLogProbabilities);
        expect(Math.abs(kl - Number(detail['kl']))).toBeLessThan(rounding);
      }
    }
  });

  it('P2d the first values are 0, and the first KL and ratio deviation are those of equal policies', () => {
    const first = metricsOf(whole, 0);
    expect(first['critic/values/mean@kl=0.02']).toBe(0);
    expect(Math.abs(first['objective/kl0@kl=0.02'] ?? 1)).toBeLessThan(0.02);
    expect(first['debug/rollout_train_logprob_diff_mean@kl=0.02']).toBeLessThan(0.002);
  });

  it('M3 the first step, which the reference policy samples, has scores of mean 0', () => {
    const first = metricsOf(whole, 0);
    expect(Math.abs(first['objective/scores@kl=0.02'] ?? 1)).toBeLessThan(1e-9);
  });

  it('gives the cells of a grid the bytes of separate runs', async () => {
    for (const klCoefficient of [0.02, 0.5]) {
      const apart = await run({ klCoefficients: [klCoefficient] });
      for (const cell of [`${klCoefficient}/1`, `${klCoefficient}/3`]) {
        expect(apart.cells.get(cell)).toEqual(whole.cells.get(cell));
      }
    }
  });

  it('is repeatable, and a run killed after any step ends in the same bytes, metrics and samples', async () => {
    for (const step of [1, 2]) {
      const killed = recordingHooks(step);
      await expect(run({}, killed)).rejects.toThrow('killed');
      const resumed = await run({}, recordingHooks(), killed.checkpoints.get(step) ?? new Uint8Array());
      // The cells of steps before the kill were kept by the killed run.
      expect(resumed.cells.get('0.02/3')).toEqual(whole.cells.get('0.02/3'));
      expect(resumed.cells.get('0.5/3')).toEqual(whole.cells.get('0.5/3'));
      expect(resumed.result).toEqual(whole.result);
      expect(resumed.recorded.checkpoints.get(3)).toEqual(whole.recorded.checkpoints.get(3));
      expect([...repeatable(killed.metrics), ...repeatable(resumed.recorded.metrics)]).toEqual(
        repeatable(whole.recorded.metrics),
      );
    }
  });

  it('trains no value model where the answers to a prompt are compared: half the tokens, and exact after a kill', async () => {
    const trainedIn = async (advantageEstimator: 'gae' | 'rloo') => {
      const before = tokenMeter.trained;
      await run({ advantageEstimator, groupSize: 4, steps: [1] });
      return tokenMeter.trained - before;
    };
    expect(2 * (await trainedIn('rloo'))).toBe(await trainedIn('gae'));
    const settings = { advantageEstimator: 'rloo', groupSize: 4 } as const;
    const alone = await run(settings);
    const names = alone.recorded.metrics.flatMap(({ values }) => Object.keys(values));
    expect(names).toContain('loss/policy_avg@kl=0.5');
    const ofValues = /^(critic|loss\/value|val\/(clipfrac|grad_norm))/;
    expect(names.filter((name) => ofValues.test(name))).toEqual([]);
    const killed = recordingHooks(1);
    await expect(run(settings, killed)).rejects.toThrow('killed');
    const resumed = await run(settings, recordingHooks(), killed.checkpoints.get(1) ?? new Uint8Array());
    expect(resumed.cells.get('0.5/3')).toEqual(alone.cells.get('0.5/3'));
  });

  it('accumulates micro-batches; parity drops all but the last one of a minibatch', async () => {
    const settings = { klCoefficients: [0.02], steps: [1], epochs: 1, minibatchSize: 8 };
    const trainedOf = async (changes: Parameters<typeof run>[0]) => {
      const before = tokenMeter.trained;
      const { cells } = await run({ ...settings, ...changes });
      return { tokens: tokenMeter.trained - before, adapter: cells.get('0.02/1') };
    };
    const all = await trainedOf({ microbatchSize: 2 });
    const last = await trainedOf({ microbatchSize: 2, accumulateMicrobatches: false });
    const only = await trainedOf({ microbatchSize: 8, accumulateMicrobatches: false });
    expect(only).toEqual(await trainedOf({ microbatchSize: 8 }));
    expect(only.tokens).toBe(all.tokens);
    expect(last.tokens).toBeLessThan(all.tokens / 2);
    expect(last.adapter).not.toEqual(all.adapter);
  });

  it('stops by name where sampler and trainer differ, and stops a policy early with its reason', async () => {
    // A sampler that may not say some tokens draws from another distribution than the trainer knows.
    const other = run({}, recordingHooks(), null, {}, true);
    await expect(other).rejects.toThrow(/what is sampled is not what is trained/);
    const early = await run({
      earlyStop: { klPerSequence: null, approximateKl: 1e-9 },
      klCoefficients: [0.02],
    });
    const [first, last] = early.result.cells;
    expect(last?.earlyStop).toMatchObject({ step: 1, code: 'approximate-kl' });
    expect(first?.steps).toBe(1);
    expect(early.cells.get('0.02/3')).toEqual(early.cells.get('0.02/1'));
  });

  it('takes the KL over whole distributions where asked: 0 on the reference, never below it after', async () => {
    const exact = await run({ klEstimator: 'exact', klCoefficients: [0.02] });
    expect(metricsOf(exact, 0)['objective/kl']).toBe(0);
    for (const step of [1, 2]) {
      const { 'objective/kl': kl = -1, 'objective/kl2': sampled = -1 } = metricsOf(exact, step);
      expect(kl).toBeGreaterThan(0);
      // Eight responses sample k3; both are of the same distributions.
      expect(sampled / kl).toBeGreaterThan(0.2);
      expect(sampled / kl).toBeLessThan(5);
    }
    expect(exact.cells.get('0.02/3')).not.toEqual(whole.cells.get('0.02/3'));
  });

  it('refuses a preference model of another rank, no prompt, and a checkpoint of another grid', async () => {
    const preferenceModel = { rank: 4, alpha: 8, vector: new Float32Array(1) };
    await expect(run({}, recordingHooks(), null, { preferenceModel })).rejects.toThrow(/rank 4 and alpha 8/);
    await expect(run({}, recordingHooks(), null, { prompts: [] })).rejects.toThrow(/no prompt/);
    const bytes = whole.recorded.checkpoints.get(1) ?? new Uint8Array();
    await expectForeign(
      run({ klCoefficients: [0.1] }, recordingHooks(), bytes),
      /is of klCoefficients \[0.02,0.5\], this task has klCoefficients \[0.1\]/,
    );
    await expectForeign(run({}, recordingHooks(), bytes, { seed: 4 }), /is of seed 3, this task has seed 4/);
    const tokens = tiny.model.tokenizer.encode('Once.', { bos: true });
    const prompts = Array.from({ length: 12 }, (_, row) => ({ id: `p${row}`, text: 'Once.', tokens }));
    const other = (count: number) => run({}, recordingHooks(), bytes, { prompts: prompts.slice(0, count) });
    await expectForeign(other(11), /12 prompts, this task has 11/);
    await expectForeign(other(12), /12 other prompts than this task's/);
  });
});
