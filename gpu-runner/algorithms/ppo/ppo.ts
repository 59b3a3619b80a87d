/** PPO on a learned preference reward: every KL coefficient of the grid is one policy of one batched run. */
import type { TaskParameters, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import type { Model } from '../../llama/import/open-model.ts';
import { adapterLayout, initialAdapter, type AdapterLayout } from '../../llama/training/lora-layout.ts';
import { PpoTrainer } from '../../llama/training/ppo-trainer.ts';
import { Scorer } from '../../llama/training/scorer.ts';
import { initialState, type TrainingState } from '../../llama/training/training-state.ts';
import { AlgorithmInputError, TrainingDivergedError } from '../algorithm-error.ts';
import type { GenerateGroups } from '../generation.ts';
import { learningRateMultiplier } from '../learning-rate.ts';
import { PreferenceScorer } from '../preference-model/preference-scorer.ts';
import type { Prompt } from '../prompt.ts';
import { ResponseReader } from '../response-text.ts';
import type { RunHooks, Sample } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { earlyStopReason } from './early-stop.ts';
import { initialKlCoefficient, nextKlCoefficient, type KlControllerSettings } from './kl-controller.ts';
import { minibatchSchedule } from './minibatches.ts';
import { decodePpoState, encodePpoState, type PpoPolicy, type PpoState } from './ppo-state.ts';
import { rolloutPlan } from './prompt-batches.ts';
import { rolloutTargets, type RolloutTargets } from './rollout-batch.ts';
import { scoreNormalisation } from './rewards.ts';
import { sampleAndScore, withValues, type RolloutEngine } from './score-rollouts.ts';
import type { Metrics } from './rollout-metrics.ts';
import { updateMetrics, type MinibatchOutcome } from './update-metrics.ts';

export type PpoSettings = TaskParameters<'ppo'>;

/** A preference model's numbers and the shape of its adapter. */
interface PreferenceModelVector {
  readonly rank: number;
  readonly alpha: number;
  readonly vector: Float32Array;
}

export interface PpoInput {
  readonly model: Model;
  readonly preferenceModel: PreferenceModelVector;
  readonly prompts: readonly (Prompt & { readonly tokens: Int32Array })[];
  readonly seed: number;
  readonly generate: GenerateGroups;
  /** Bytes of a policy's adapter as an artifact. */
  readonly encodePolicy: (layout: AdapterLayout, vector: Float32Array) => Promise<Uint8Array>;
  /** Stores a cell's bytes; resolves with their SHA-256 when they are safe. */
  readonly keep: (bytes: Uint8Array) => Promise<string>;
}

export interface PpoOutcome {
  readonly result: TaskResult<'ppo'>;
  readonly cells: PpoState['cells'];
}

/** An open run. */
interface Run {
  readonly input: PpoInput;
  readonly settings: PpoSettings;
  readonly layout: AdapterLayout;
  readonly engine: RolloutEngine;
  readonly trainer: PpoTrainer;
  readonly hooks: RunHooks;
}

/**
 * Trains one policy per KL coefficient and keeps its adapter after each of `settings.steps`.
 *
 * All policies answer the same prompts with the same random streams, and nothing of one enters another's arithmetic,
 * so that a cell equals the run of its coefficient alone. Scores are normalised on the first step's rollouts, which
 * the reference policy makes.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError for settings or models that do not fit; TrainingDivergedError when a number is not
 *   finite or sampler and trainer differ by more than `maximumMismatch`
 */
export async function ppo(
  input: PpoInput,
  settings: PpoSettings,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<PpoOutcome> {
  const layout = checkedLayout(input, settings);
  const start = await startOf(input, settings, layout, resume);
  const run = await openRun(input, settings, layout, start.training, hooks);
  const { state } = start;
  const totalSteps = settings.steps.at(-1) ?? 0;
  try {
    for (let step = start.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      await ppoStep(run, state, step);
      if (settings.steps.includes(step + 1)) await keepCells(run, state, step + 1);
      hooks.progress(step + 1, totalSteps, 'steps');
      await hooks.checkpoint(step + 1, await encodePpoState(step + 1, state, run.trainer.state));
    }
  } finally {
    await run.engine.preferences.close();
    await run.engine.values.close();
    await run.trainer.close();
  }
  return { result: { cells: state.cells.map(({ cell }) => cell) }, cells: state.cells };
}

function checkedLayout(input: PpoInput, settings: PpoSettings): AdapterLayout {
  const { preferenceModel, prompts, model } = input;
  if (prompts.length === 0)
    throw new AlgorithmInputError('there is no prompt to roll out: choose a split that has some');
  if (preferenceModel.rank !== settings.rank || preferenceModel.alpha !== settings.alpha) {
    throw new AlgorithmInputError(
      `the value models start from the preference model, whose adapter has rank ${preferenceModel.rank} and alpha ` +
        `${preferenceModel.alpha}; PPO asks for rank ${settings.rank} and alpha ${settings.alpha}: give both the same`,
    );
  }
  return adapterLayout(model.configuration, settings.rank, settings.alpha);
}

async function startOf(
  input: PpoInput,
  settings: PpoSettings,
  layout: AdapterLayout,
  resume: Uint8Array | null,
): Promise<{ step: number; state: PpoState; training: TrainingState }> {
  const { klCoefficients } = settings;
  const groups = 2 * klCoefficients.length;
  if (resume !== null) return await decodePpoState(resume, { klCoefficients, groups, length: layout.length });
  const policy = initialAdapter(layout, input.seed, streamOf('adapter-start', 1));
  const value = withoutHead(layout, input.preferenceModel.vector);
  const state: PpoState = {
    updates: 0,
    normalisation: null,
    policies: klCoefficients.map((klCoefficient) => ({
      klCoefficient,
      coefficient: initialKlCoefficient(controllerOf(settings, klCoefficient)),
      reward: 0,
      kl: 0,
      meanLength: 0,
      earlyStop: null,
    })),
    cells: [],
  };
  return {
    step: 0,
    state,
    training: initialState([...klCoefficients.map(() => policy), ...klCoefficients.map(() => value)]),
  };
}

/** The preference model's backbone with a head of zeros: a value model whose first values are 0. */
function withoutHead(layout: AdapterLayout, vector: Float32Array): Float32Array {
  const value = vector.slice();
  for (const { name, offset, length } of layout.tensors) {
    if (name.startsWith('head.')) value.fill(0, offset, offset + length);
  }
  return value;
}

function controllerOf(settings: PpoSettings, klCoefficient: number): KlControllerSettings {
  const { klController } = settings;
  if (klController.kind === 'fixed') return { kind: 'fixed', coefficient: klCoefficient };
  return { ...klController, initialCoefficient: klCoefficient };
}

async function openRun(
  input: PpoInput,
  settings: PpoSettings,
  layout: AdapterLayout,
  state: TrainingState,
  hooks: RunHooks,
): Promise<Run> {
  const { model, preferenceModel, prompts } = input;
  const policies = settings.klCoefficients.length;
  const longestPrompt = prompts.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const shared = {
    maximumTime: longestPrompt + settings.maximumNewTokens,
    microBatchRows: settings.microbatchSize,
  };
  const base = model.base;
  const trainer = await PpoTrainer.open({
    ...shared,
    trainable: { kind: 'adapters', base, layout, groups: 2 * policies },
    state,
    optimiser: {
      beta1: settings.beta1,
      beta2: settings.beta2,
      epsilon: settings.epsilon,
      weightDecay: settings.weightDecay,
      epsilonForm: 'corrected',
      clipNorm: settings.maximumGradientNorm,
    },
    policyClip: settings.clipRange,
    valueClip: valueClipOf(settings),
    valueCoefficient: settings.valueCoefficient,
    temperature: settings.temperature,
  });
  const values = await Scorer.open({
    ...shared,
    trainable: { kind: 'adapters', base, layout, groups: policies },
    scoring: 'scalars',
  });
  const preferences = await PreferenceScorer.open(model, { ...shared, ...preferenceModel });
  const reader = new ResponseReader(model.tokenizer, settings.promptForm);
  return {
    input,
    settings,
    layout,
    trainer,
    hooks,
    engine: { model, generate: input.generate, reader, preferences, values },
  };
}

/** No clip is a clip that no value reaches. */
const valueClipOf = ({ valueClipRange }: PpoSettings) => valueClipRange ?? 1e30;

async function ppoStep(run: Run, state: PpoState, step: number): Promise<void> {
  const { input, settings, engine, trainer, hooks } = run;
  const policies = state.policies.length;
  const clock = stopwatch();
  const plan = rolloutPlan(input.prompts.length, settings.rollouts, settings.groupSize, step, input.seed);
  const requests = plan.map(({ prompt, stream }) => ({
    promptTokens: input.prompts[prompt]?.tokens ?? new Int32Array(),
    stream,
  }));
  const parameters = trainer.state.parameters;
  const half = parameters.length / 2;
  const scored = await sampleAndScore(
    engine,
    parameters.slice(0, half),
    policies,
    requests,
    plan.map(({ prompt }) => prompt),
    hooks.signal,
  );
  clock.lap('timing/rollout_seconds');
  if (step === 0 && settings.normaliseScores) {
    state.normalisation = scoreNormalisation((scored[0] ?? []).map(({ score }) => score));
  }
  const rollouts = await withValues(engine.values, parameters.slice(half), scored);
  const targets = state.policies.map((policy, index) =>
    rolloutTargets(rollouts[index] ?? [], policy.coefficient, state.normalisation, settings),
  );
  clock.lap('timing/values_seconds');
  const outcomes = await update(run, state, step, targets);
  clock.lap('timing/update_seconds');
  state.policies.forEach((policy, index) => {
    settle(run, policy, targets[index], outcomes[index] ?? [], step, policies > 1);
  });
  hooks.metrics(step, clock.laps);
  if (step % settings.sampleEverySteps === 0) await showSamples(run, state, step);
}

/** Wall-clock seconds of the parts of a step: figures of this machine, no part of what a seed repeats. */
function stopwatch(): { laps: Record<string, number>; lap: (name: string) => void } {
  const laps: Record<string, number> = {};
  let last = performance.now();
  return {
    laps,
    lap: (name) => {
      const now = performance.now();
      laps[name] = (now - last) / 1000;
      last = now;
    },
  };
}

/** All epochs over a step's rollouts. @returns by policy, what each minibatch saw */
async function update(
  run: Run,
  state: PpoState,
  step: number,
  targets: readonly RolloutTargets[],
): Promise<MinibatchOutcome[][]> {
  const { settings, trainer, input, hooks } = run;
  const policies = state.policies.length;
  const rate =
    settings.learningRate *
    learningRateMultiplier(
      { kind: settings.schedule, warmupSteps: settings.warmupSteps, totalSteps: settings.steps.at(-1) ?? 0 },
      step,
    );
  const rates = state.policies.map(({ earlyStop }) => (earlyStop === null ? rate : 0));
  const outcomes: MinibatchOutcome[][] = state.policies.map(() => []);
  for (const { microbatches } of minibatchSchedule(settings, input.seed, step)) {
    hooks.signal.throwIfAborted();
    const order = microbatches.flat();
    const rows = targets.map((target) =>
      order.map((row) => {
        const found = target.rows[row];
        if (found === undefined) throw new AlgorithmInputError(`no rollout ${row}`);
        return found;
      }),
    );
    const result = await trainer.step(rows, [...rates, ...rates]);
    if (!Number.isFinite(result.loss)) {
      throw new TrainingDivergedError(
        `the PPO loss is ${result.loss} in step ${step}: lower the learning rate`,
      );
    }
    rows.forEach((policyRows, policy) => {
      outcomes[policy]?.push({
        rows: policyRows,
        logProbabilities: result.logProbabilities[policy] ?? [],
        entropies: result.entropies[policy] ?? [],
        values: result.values[policy] ?? [],
        policyGradientNorm: result.gradientNorms[policy] ?? Number.NaN,
        valueGradientNorm: result.gradientNorms[policies + policy] ?? Number.NaN,
      });
    });
    state.updates += 1;
  }
  return outcomes;
}

/** Reports a policy's step, checks its limits and moves its KL coefficient. */
function settle(
  run: Run,
  policy: PpoPolicy,
  target: RolloutTargets | undefined,
  minibatches: readonly MinibatchOutcome[],
  step: number,
  several: boolean,
): void {
  const { settings, hooks } = run;
  if (target === undefined) throw new AlgorithmInputError('a policy has no rollouts');
  const updates = updateMetrics(minibatches, settings.clipRange, valueClipOf(settings));
  const metrics: Metrics = { ...target.metrics, ...updates };
  const suffix = several ? `@kl=${policy.klCoefficient}` : '';
  hooks.metrics(
    step,
    Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name + suffix, value])),
  );
  const gap = updates['debug/rollout_train_logprob_diff_mean'] ?? Number.NaN;
  if (!(gap <= settings.maximumMismatch)) {
    throw new TrainingDivergedError(
      `sampler and trainer differ by ${gap} nats a token in step ${step}, limit ${settings.maximumMismatch}: what is ` +
        'sampled is not what is trained; run both on one device kind, or report this with the model',
    );
  }
  policy.reward = target.meanScore;
  policy.kl = target.klPerSequence;
  policy.meanLength = target.meanLength;
  if (policy.earlyStop === null) {
    const reason = earlyStopReason(settings.earlyStop, {
      klPerSequence: target.klPerSequence,
      approximateKl: updates['policy/approxkl_avg'] ?? 0,
    });
    policy.earlyStop = reason === null ? null : { step: step + 1, ...reason };
  }
  const controller = controllerOf(settings, policy.klCoefficient);
  policy.coefficient = nextKlCoefficient(
    controller,
    policy.coefficient,
    target.klPerSequence,
    settings.rollouts,
  );
}

async function keepCells(run: Run, state: PpoState, steps: number): Promise<void> {
  const { layout, trainer, input } = run;
  for (const [index, policy] of state.policies.entries()) {
    const vector = trainer.state.parameters.slice(index * layout.length, (index + 1) * layout.length);
    const bytes = await input.encodePolicy(layout, vector);
    state.cells.push({
      cell: {
        klCoefficient: policy.klCoefficient,
        steps,
        reward: policy.reward,
        kl: policy.kl,
        meanLength: policy.meanLength,
        earlyStop: policy.earlyStop,
      },
      sha256: await input.keep(bytes),
      bytes: bytes.length,
    });
  }
}

/** Responses of every policy to the first prompts, always by the same random streams. */
async function showSamples(run: Run, state: PpoState, step: number): Promise<void> {
  const { input, settings, engine, trainer, hooks } = run;
  const shown = input.prompts.slice(0, settings.samplePrompts);
  if (shown.length === 0) return;
  const requests = shown.map(({ tokens }, row) => ({
    promptTokens: tokens,
    stream: streamOf('sample-prompts', row),
  }));
  const vectors = trainer.state.parameters.slice(0, trainer.state.parameters.length / 2);
  const indices = shown.map((_, row) => row);
  const groups = await sampleAndScore(
    engine,
    vectors,
    state.policies.length,
    requests,
    indices,
    hooks.signal,
  );
  const samples = groups.flatMap((group, policy) =>
    group.map(({ prompt, response, score, generation }): Sample => {
      let kl = 0;
      generation.logProbabilities.forEach((value, token) => {
        kl += value - (generation.referenceLogProbabilities[token] ?? Number.NaN);
      });
      const klCoefficient = state.policies[policy]?.klCoefficient ?? Number.NaN;
      const { id = '', text = '' } = shown[prompt] ?? {};
      return { promptId: id, prompt: text, response: response.text, score, detail: { kl, klCoefficient } };
    }),
  );
  hooks.samples(step, samples);
}
