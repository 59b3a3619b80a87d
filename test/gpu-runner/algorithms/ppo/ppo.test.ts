/** PPO runs on a tiny model: a grid equals its runs apart, a kill changes no byte, limits stop a run by name. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import { ppo, type PpoInput, type PpoSettings } from '../../../../gpu-runner/algorithms/ppo/ppo.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/training/lora-layout.ts';
import { PPO_DEFAULTS, ppoResult } from '../../../../shared/api/tasks/ppo.ts';
import {
  openTinyModel,
  type Recorded,
  recordingHooks,
  repeatable,
  tinyBannedTokens,
  tinyPrompts,
} from '../tiny-model.ts';

const NEW_TOKENS = 12;
const settings: PpoSettings = {
  ...PPO_DEFAULTS,
  rank: 2,
  alpha: 4,
  learningRate: 3e-3,
  klCoefficients: [0.02, 0.5],
  steps: [1, 3],
  rollouts: 8,
  minibatchSize: 4,
  microbatchSize: 4,
  warmupSteps: 0,
  maximumNewTokens: NEW_TOKENS,
  samplePrompts: 2,
  sampleEverySteps: 2,
  penaltyWithoutStop: null,
  promptForm: 'prefix',
  responseOpening: '',
};

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

interface Outcome {
  readonly recorded: Recorded;
  readonly result: Awaited<ReturnType<typeof ppo>>['result'];
  /** Adapters by cell name. */
  readonly cells: Map<string, Float32Array>;
}

async function run(
  changes: Partial<PpoSettings> = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
  input: Partial<PpoInput> = {},
  bans = false,
): Promise<Outcome> {
  const { model } = tiny;
  const used = { ...settings, ...changes };
  const layout = adapterLayout(model.configuration, settings.rank, settings.alpha);
  const generator = await Generator.open({
    model,
    adapters: { layout, groups: used.klCoefficients.length },
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: bans ? tinyBannedTokens(model) : [],
    seed: 3,
    maximumTime: 80,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: 16,
    scoreRows: 16,
  });
  const kept = new Map<string, Float32Array>();
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  try {
    const { result, cells } = await ppo(
      {
        model,
        preferenceModel: {
          rank: settings.rank,
          alpha: settings.alpha,
          vector: initialAdapter(layout, 9, 9, 'normal'),
        },
        prompts: tinyPrompts(12).map(({ id, text }) => ({
          id,
          text,
          tokens: model.tokenizer.encode(text, { bos: true }),
        })),
        seed: 3,
        generate: generator.generateGroups.bind(generator),
        encodePolicy: async (_, vector) => Buffer.from(vector.slice().buffer),
        keep: async (bytes) => {
          kept.set(hash(bytes), new Float32Array(Uint8Array.from(bytes).buffer));
          return hash(bytes);
        },
        ...input,
      },
      used,
      recorded.hooks,
      resume,
    );
    const named = cells.map(({ cell, sha256 }) => {
      return [`${cell.klCoefficient}/${cell.steps}`, kept.get(sha256) ?? new Float32Array()] as const;
    });
    return { recorded, result, cells: new Map(named) };
  } finally {
    await generator.close();
  }
}

describe('PPO', () => {
  let whole: Outcome;
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
    expect(whole.recorded.samples.map(({ step, texts }) => [step, texts.length])).toEqual([
      [0, 4],
      [2, 4],
    ]);
  });

  it('P2d the first values are 0, and the first KL and ratio deviation are those of equal policies', () => {
    const first = whole.recorded.metrics.find(({ step }) => step === 0)?.values ?? {};
    expect(first['critic/values/mean@kl=0.02']).toBe(0);
    expect(Math.abs(first['objective/kl0@kl=0.02'] ?? 1)).toBeLessThan(0.02);
    expect(first['debug/rollout_train_logprob_diff_mean@kl=0.02']).toBeLessThan(0.002);
  });

  it('M3 the first step, which the reference policy samples, has scores of mean 0', () => {
    const first = whole.recorded.metrics.find(({ step }) => step === 0)?.values ?? {};
    expect(Math.abs(first['objective/scores@kl=0.02'] ?? 1)).toBeLessThan(1e-9);
  });

  it('gives the cells of a grid the bytes of separate runs', async () => {
    const apart = await run({ klCoefficients: [0.5] });
    expect(apart.cells.get('0.5/3')).toEqual(whole.cells.get('0.5/3'));
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

  it('refuses a preference model of another rank, no prompt, and a checkpoint of another grid', async () => {
    const preferenceModel = { rank: 4, alpha: 8, vector: new Float32Array(1) };
    await expect(run({}, recordingHooks(), null, { preferenceModel })).rejects.toThrow(/rank 4 and alpha 8/);
    await expect(run({}, recordingHooks(), null, { prompts: [] })).rejects.toThrow(/no prompt/);
    const bytes = whole.recorded.checkpoints.get(1) ?? new Uint8Array();
    await expect(run({ klCoefficients: [0.1] }, recordingHooks(), bytes)).rejects.toThrow(
      /of KL coefficients 0.02, 0.5/,
    );
  });
});
