/** A PPO run's open parts: checked settings, the first or the resumed state, and the loaded graphs. */
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { hasValueModels } from '../../../shared/api/tasks/ppo.ts';
import { initialAlarm } from '../../../shared/alarm/over-optimisation.ts';
import type { Model } from '../../llama/weights/model.ts';
import { adapterLayout, initialAdapter, type AdapterLayout } from '../../llama/model/lora-layout.ts';
import { PpoTrainer } from '../../llama/trainer/ppo-trainer.ts';
import { ForwardPass } from '../../llama/trainer/forward-pass.ts';
import { initialState, type TrainingState } from '../../llama/trainer/training-state.ts';
import { adamOf } from '../adam-settings.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { workOf, type Work } from '../checkpoint.ts';
import type { GenerateGroups } from '../generation.ts';
import { ResponseReader } from '../response-text.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { ExactKl } from './exact-kl.ts';
import { siblingsOf } from './minibatches.ts';
import { openReward, type PreferenceModelVector } from './open-reward.ts';
import { decodePpoState, type PpoState } from './ppo-state.ts';
import type { RewardModel } from './reward-model.ts';
import type { RolloutPrompt } from './rollout-prompts.ts';
import type { RolloutEngine } from './score-rollouts.ts';

export type PpoSettings = TaskParameters<'ppo'>;

export interface PpoInput {
  readonly model: Model;
  /**
   * Gives the reward, and the value models, where there are any, their start; null where the contrast of the prompts' sides
   * is the reward.
   */
  readonly preferenceModel: PreferenceModelVector | null;
  /** Gives the reward in the place of both; closed with the run. */
  readonly reward?: RewardModel;
  readonly prompts: readonly RolloutPrompt[];
  readonly seed: number;
  readonly generate: GenerateGroups;
  /** Bytes of a policy's adapter as an artifact. */
  readonly encodePolicy: (layout: AdapterLayout, vector: Float32Array) => Promise<Uint8Array>;
  /** Stores a cell's bytes; resolves with their SHA-256 when they are safe. */
  readonly keep: (bytes: Uint8Array) => Promise<string>;
}

/** An open run. */
export interface PpoRun {
  readonly input: PpoInput;
  readonly settings: PpoSettings;
  readonly layout: AdapterLayout;
  readonly engine: RolloutEngine;
  /** Open where the KL is taken over whole distributions. */
  readonly exactKl: ExactKl | null;
  readonly trainer: PpoTrainer;
  readonly hooks: RunHooks;
}

/** @throws AlgorithmInputError for settings or models that do not fit */
export function checkedLayout(input: PpoInput, settings: PpoSettings): AdapterLayout {
  const { preferenceModel, prompts, model } = input;
  if (prompts.length === 0)
    throw new AlgorithmInputError('there is no prompt to roll out: choose a split that has some');
  const unlike =
    preferenceModel !== null &&
    (preferenceModel.rank !== settings.rank || preferenceModel.alpha !== settings.alpha);
  if (hasValueModels(settings) && unlike) {
    throw new AlgorithmInputError(
      `the value models start from the preference model, whose adapter has rank ${preferenceModel.rank} and alpha ` +
        `${preferenceModel.alpha}; PPO asks for rank ${settings.rank} and alpha ${settings.alpha}: give both the same`,
    );
  }
  return adapterLayout(model.architecture, settings.rank, settings.alpha);
}

/** What a checkpoint may be continued with: the prompts, and every setting with what the reward is made of. */
export function ppoWork({ prompts, preferenceModel, seed }: PpoInput, settings: PpoSettings): Work {
  const items = prompts.map(({ id, tokens }) => [id, tokens]);
  const reward =
    preferenceModel === null
      ? {
          sides: workOf(
            '',
            '',
            prompts.map(({ sides }) => [sides?.positive, sides?.negative]),
            {},
          ).sha256,
        }
      : { preferenceModel: workOf('', '', [preferenceModel.vector], {}).sha256 };
  return workOf('ppo', 'prompts', items, { ...settings, seed, ...reward });
}

/** The state before the first step, or the checkpoint's. @throws CheckpointError for a checkpoint of other work */
export async function startOf(
  input: PpoInput,
  settings: PpoSettings,
  layout: AdapterLayout,
  resume: Uint8Array | null,
): Promise<{ step: number; state: PpoState; training: TrainingState }> {
  const { klCoefficients } = settings;
  const groups = (hasValueModels(settings) ? 2 : 1) * klCoefficients.length;
  if (resume !== null) {
    return await decodePpoState(ppoWork(input, settings), resume, { groups, length: layout.length });
  }
  const policy = initialAdapter(layout, input.seed, streamOf('adapter-start', 1));
  const state: PpoState = {
    updates: 0,
    normalisation: null,
    policies: klCoefficients.map((klCoefficient) => ({
      klCoefficient,
      nextKlCoefficient: klCoefficient,
      reward: 0,
      kl: 0,
      meanLength: 0,
      earlyStop: null,
      alarm: initialAlarm(),
    })),
    cells: [],
  };
  return {
    step: 0,
    state,
    training: initialState([...klCoefficients.map(() => policy), ...firstValues(input, settings, layout)]),
  };
}

/** The value models' start, one a policy: the preference model, or a fresh adapter whose head is zeros. */
function firstValues(
  { preferenceModel, seed }: PpoInput,
  settings: PpoSettings,
  layout: AdapterLayout,
): Float32Array[] {
  if (!hasValueModels(settings)) return [];
  const vector = preferenceModel?.vector ?? initialAdapter(layout, seed, streamOf('adapter-start', 2));
  const value = settings.valueStart === 'zero-head' ? withoutHead(layout, vector) : vector;
  return settings.klCoefficients.map(() => value);
}

/** The preference model's backbone with a head of zeros: a value model whose first values are 0. */
function withoutHead(layout: AdapterLayout, vector: Float32Array): Float32Array {
  const value = vector.slice();
  for (const { name, offset, length } of layout.tensors) {
    if (name.startsWith('head.')) value.fill(0, offset, offset + length);
  }
  return value;
}

/**
 * Value models whose heads say normalised scores where they said scores: w' = w / deviation,
 * b' = (b - mean) / deviation.
 *
 * @param parameters of the value models, [models, numbers of one adapter]; the policies' stand elsewhere
 */
export function withNormalisedHeads(
  layout: AdapterLayout,
  parameters: Float32Array,
  { mean, standardDeviation }: { readonly mean: number; readonly standardDeviation: number },
): Float32Array {
  const scaled = parameters.slice();
  for (const { name, offset, length } of layout.tensors) {
    if (!name.startsWith('head.')) continue;
    const shift = name === 'head.bias' ? mean : 0;
    for (let start = offset; start < scaled.length; start += layout.length) {
      for (let index = start; index < start + length; index++) {
        scaled[index] = ((scaled[index] ?? 0) - shift) / standardDeviation;
      }
    }
  }
  return scaled;
}

/** No clip is a clip that no value reaches. */
export const valueClipOf = ({ valueClipRange }: PpoSettings) => valueClipRange ?? 1e30;

/** Adapters of the policies, [policies, numbers of one adapter], as the next step finds them. */
export const policyVectors = ({ trainer, layout, settings }: PpoRun): Float32Array =>
  trainer.state.parameters.slice(0, settings.klCoefficients.length * layout.length);

/** Loads the graphs of a run. */
export async function openRun(
  input: PpoInput,
  settings: PpoSettings,
  layout: AdapterLayout,
  state: TrainingState,
  hooks: RunHooks,
): Promise<PpoRun> {
  const { model, preferenceModel, prompts } = input;
  const policies = settings.klCoefficients.length;
  const longestPrompt = prompts.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const { temperature } = settings;
  const shared = {
    maximumTime: longestPrompt + settings.maximumNewTokens,
    microbatchRows: settings.microbatchSize,
  };
  const { backend } = model;
  const trainer = await PpoTrainer.open({
    ...shared,
    trainable: { kind: 'adapters', backend, layout, groups: state.groups },
    state,
    optimiser: adamOf(settings),
    policyClip: settings.clipRange,
    value: hasValueModels(settings)
      ? { clip: valueClipOf(settings), coefficient: settings.valueCoefficient }
      : null,
    temperature,
    siblings: siblingsOf(settings),
  });
  const values = hasValueModels(settings)
    ? await ForwardPass.open({
        ...shared,
        trainable: { kind: 'adapters', backend, layout, groups: policies },
        scoring: 'scalars',
      })
    : null;
  const { promptForm, maximumNewTokens, microbatchSize: microbatchRows } = settings;
  const reward =
    input.reward ??
    (await openReward(model, { preferenceModel, prompts, promptForm, maximumNewTokens, microbatchRows }));
  const exactKl =
    settings.klEstimator === 'exact'
      ? await ExactKl.open({ backend, layout, temperature, maximumTime: shared.maximumTime })
      : null;
  const reader = new ResponseReader(model.tokenizer, settings.promptForm);
  return {
    input,
    settings,
    layout,
    trainer,
    hooks,
    exactKl,
    engine: { generate: input.generate, reader, reward, values },
  };
}

export async function closeRun({ engine, exactKl, trainer }: PpoRun): Promise<void> {
  await engine.reward.close();
  await engine.values?.close();
  await exactKl?.close();
  await trainer.close();
}
