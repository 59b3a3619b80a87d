/** Test helper: a PPO run on the tiny model, with all that it kept and reported. */
import { createHash } from 'node:crypto';
import { Generator } from '../../../../gpu-runner/algorithms/generator.ts';
import type { PpoInput, PpoSettings } from '../../../../gpu-runner/algorithms/ppo/open-run.ts';
import { ppo } from '../../../../gpu-runner/algorithms/ppo/ppo.ts';
import type { Model } from '../../../../gpu-runner/llama/weights/model.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { PPO_DEFAULTS } from '../../../../shared/api/tasks/ppo.ts';
import { type Recorded, recordingHooks, tinyBannedTokens, tinyPrompts } from '../tiny-model.ts';

const NEW_TOKENS = 12;

const tinySettings: PpoSettings = {
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

export interface TinyOutcome {
  readonly recorded: Recorded;
  readonly result: Awaited<ReturnType<typeof ppo>>['result'];
  /** Adapters by cell name. */
  readonly cells: Map<string, Float32Array>;
}

/** @param bans whether the sampler may not say some tokens, of which the trainer knows nothing */
export async function tinyRun(
  model: Model,
  changes: Partial<PpoSettings> = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
  input: Partial<PpoInput> = {},
  bans = false,
): Promise<TinyOutcome> {
  const used = { ...tinySettings, ...changes };
  const layout = adapterLayout(model.architecture, tinySettings.rank, tinySettings.alpha);
  const generator = await Generator.open({
    model,
    adapters: { layout, groups: used.klCoefficients.length },
    promptForm: 'prefix',
    temperature: used.temperature,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: bans ? tinyBannedTokens(model) : [],
    seed: 3,
    maximumTime: 80,
    referenceTemperature: used.temperature,
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
          rank: tinySettings.rank,
          alpha: tinySettings.alpha,
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

/** All metrics of a step. */
export function metricsOf({ recorded }: TinyOutcome, step: number): Readonly<Record<string, number>> {
  return Object.assign(
    {},
    ...recorded.metrics.filter((one) => one.step === step).map(({ values }) => values),
  ) as Record<string, number>;
}
