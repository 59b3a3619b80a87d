/** PPO on a learned preference reward: every KL coefficient of the grid is one policy of one batched run. */
import { observeStep } from '../../../shared/alarm/over-optimisation.ts';
import type { TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { hasValueModels } from '../../../shared/api/tasks/ppo.ts';
import { AlgorithmInputError, TrainingDivergedError } from '../algorithm-error.ts';
import { learningRateMultiplier } from '../../tensor/learning-rate.ts';
import { scoredCount } from '../../llama/model/sequence.ts';
import type { RunHooks } from '../run-hooks.ts';
import { earlyStopReason, type EarlyStop } from './early-stop.ts';
import { nextKlCoefficient } from './kl-controller.ts';
import { minibatchSchedule } from './minibatches.ts';
import {
  checkedLayout,
  closeRun,
  openRun,
  policyVectors,
  ppoWork,
  startOf,
  valueClipOf,
  withNormalisedHeads,
  type PpoInput,
  type PpoRun,
  type PpoSettings,
} from './open-run.ts';
import { encodePpoState, type PpoPolicy, type PpoState } from './ppo-state.ts';
import { rolloutPlan } from './prompt-batches.ts';
import { rolloutTargets, type RolloutTargets } from './rollout-batch.ts';
import { scoreNormalisation } from './rewards.ts';
import { sampleAndScore, withValues, type ScoredResponse } from './score-rollouts.ts';
import type { Metrics } from './rollout-metrics.ts';
import { showSamples } from './show-samples.ts';
import { updateMetrics, type MinibatchOutcome } from './update-metrics.ts';

/** How far a step is when its answers are sampled, and when they are scored: by what the parts take on a CPU. */
export const STEP_PARTS = { sampled: 0.2, scored: 0.4 };

export interface PpoOutcome {
  readonly result: TaskResult<'ppo'>;
  readonly cells: PpoState['cells'];
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
  const work = ppoWork(input, settings);
  // A run that goes on reports every metric of its first step, too: no row is missing after a kill.
  let checkpointSeconds = 0;
  try {
    hooks.progress(start.step, totalSteps, 'steps');
    for (let step = start.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      await ppoStep(run, state, step, checkpointSeconds);
      if (settings.steps.includes(step + 1)) await keepCells(run, state, step + 1);
      hooks.progress(step + 1, totalSteps, 'steps');
      const before = performance.now();
      await hooks.checkpoint(step + 1, await encodePpoState(work, step + 1, state, run.trainer.state));
      checkpointSeconds = (performance.now() - before) / 1000;
    }
  } finally {
    await closeRun(run);
  }
  return { result: resultOf(state), cells: state.cells };
}

function resultOf({ cells, policies }: PpoState): TaskResult<'ppo'> {
  return {
    cells: cells.map(({ cell }) => cell),
    alarms: policies.map(({ klCoefficient, alarm }) => {
      if (alarm.raised === null) return { klCoefficient, raised: null, chosenSteps: alarm.steps };
      const { chosenSteps, ...raised } = alarm.raised;
      return { klCoefficient, raised, chosenSteps };
    }),
  };
}

/** @param checkpointSeconds that went by, in this process, between the step before and this one */
async function ppoStep(run: PpoRun, state: PpoState, step: number, checkpointSeconds: number): Promise<void> {
  const { input, settings, engine, trainer, hooks } = run;
  const policies = state.policies.length;
  const clock = stopwatch();
  const total = settings.steps.at(-1) ?? 0;
  const plan = rolloutPlan(input.prompts.length, settings.rollouts, settings.groupSize, step, input.seed);
  const requests = plan.map(({ prompt, stream }) => ({
    prompt,
    promptTokens: input.prompts[prompt]?.tokens ?? new Int32Array(),
    stream,
  }));
  const vectors = policyVectors(run);
  const scored = await sampleAndScore(engine, vectors, policies, requests, hooks.signal, () => {
    clock.lap('timing/generate_seconds');
    hooks.progress(step + STEP_PARTS.sampled, total, 'steps', 'scoring');
  });
  clock.lap('timing/reward_seconds');
  if (step === 0) normalise(run, state, scored[0] ?? []);
  const rollouts = await withValues(engine.values, trainer.state.parameters.slice(vectors.length), scored);
  const penalties = await exactPenalties(run, vectors, scored);
  const targets = state.policies.map((policy, index) =>
    rolloutTargets(
      rollouts[index] ?? [],
      policy.nextKlCoefficient,
      state.normalisation,
      settings,
      penalties?.[index],
    ),
  );
  clock.lap('timing/values_seconds');
  const rate = stepLearningRate(settings, step);
  const outcomes = await update(run, state, step, rate, targets);
  clock.lap('timing/update_seconds');
  state.policies.forEach((policy, index) => {
    settle(run, policy, targets[index], outcomes[index] ?? [], step, policies > 1);
  });
  const sampled = scored.flat().reduce((sum, { sequence }) => sum + scoredCount(sequence), 0);
  hooks.metrics(step, {
    ...clock.laps,
    'timing/checkpoint_seconds': checkpointSeconds,
    'timing/tokens_per_second': sampled / (clock.laps['timing/generate_seconds'] ?? Number.NaN),
    'policy/learning_rate': rate,
  });
  if (step % settings.sampleEverySteps === 0 || step === total - 1) await showSamples(run, state, step);
}

/** Scores of the first rollouts, which the reference makes, set the scale of all scores to come. */
function normalise(run: PpoRun, state: PpoState, rollouts: readonly ScoredResponse[]): void {
  const { settings, trainer, layout } = run;
  if (!settings.normaliseScores) return;
  const normalisation = scoreNormalisation(rollouts.map(({ score }) => score));
  state.normalisation = normalisation;
  if (!hasValueModels(settings) || settings.valueStart === 'zero-head') return;
  const parameters = trainer.state.parameters.slice();
  const values = state.policies.length * layout.length;
  parameters.set(withNormalisedHeads(layout, parameters.subarray(values), normalisation), values);
  trainer.restore({ ...trainer.state, parameters });
}

/** KL over whole distributions, by policy and rollout, where the settings ask for it. */
async function exactPenalties(
  { exactKl, layout, hooks }: PpoRun,
  policies: Float32Array,
  groups: readonly (readonly ScoredResponse[])[],
): Promise<Float64Array[][] | null> {
  if (exactKl === null) return null;
  const penalties: Float64Array[][] = [];
  for (const [policy, group] of groups.entries()) {
    const vector = policies.subarray(policy * layout.length, (policy + 1) * layout.length);
    const sequences = group.map(({ sequence }) => sequence);
    penalties.push(await exactKl.measure(vector, sequences, hooks.signal));
  }
  return penalties;
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

/** The rate of all updates of a step, counted from 0: the one rate of the settings, whatever the model's size. */
export function stepLearningRate(
  settings: Pick<PpoSettings, 'learningRate' | 'schedule' | 'warmupSteps' | 'steps'>,
  step: number,
): number {
  const { learningRate, schedule, warmupSteps, steps } = settings;
  return (
    learningRate *
    learningRateMultiplier({ kind: schedule, warmupSteps, totalSteps: steps.at(-1) ?? 0 }, step)
  );
}

/** All epochs over a step's rollouts. @returns by policy, what each minibatch saw */
async function update(
  run: PpoRun,
  state: PpoState,
  step: number,
  rate: number,
  targets: readonly RolloutTargets[],
): Promise<MinibatchOutcome[][]> {
  const { settings, trainer, input, hooks } = run;
  const policies = state.policies.length;
  const ofPolicies = state.policies.map(({ earlyStop }) => (earlyStop === null ? rate : 0));
  const rates = hasValueModels(settings) ? [...ofPolicies, ...ofPolicies] : ofPolicies;
  const outcomes: MinibatchOutcome[][] = state.policies.map(() => []);
  const total = settings.steps.at(-1) ?? 0;
  const schedule = minibatchSchedule(settings, input.seed, step);
  for (const [done, { microbatches }] of schedule.entries()) {
    hooks.signal.throwIfAborted();
    const share = STEP_PARTS.scored + (1 - STEP_PARTS.scored) * (done / schedule.length);
    hooks.progress(step + share, total, 'steps', `update ${done + 1} of ${schedule.length}`);
    const order = settings.accumulateMicrobatches ? microbatches.flat() : (microbatches.at(-1) ?? []);
    const rows = targets.map((target) =>
      order.map((row) => {
        const found = target.rows[row];
        if (found === undefined) throw new AlgorithmInputError(`no rollout ${row}`);
        return found;
      }),
    );
    const result = await trainer.step(rows, rates);
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
        values: result.values && (result.values[policy] ?? []),
        policyGradientNorm: result.gradientNorms[policy] ?? Number.NaN,
        valueGradientNorm: result.gradientNorms[policies + policy] ?? Number.NaN,
      });
    });
    state.updates += 1;
  }
  return outcomes;
}

/** Reports a policy's step, checks its limits and its alarm, and moves its KL coefficient. */
function settle(
  run: PpoRun,
  policy: PpoPolicy,
  target: RolloutTargets | undefined,
  minibatches: readonly MinibatchOutcome[],
  step: number,
  several: boolean,
): void {
  const { settings, hooks } = run;
  if (target === undefined) throw new AlgorithmInputError('a policy has no rollouts');
  const updates = updateMetrics(minibatches, settings.clipRange, valueClipOf(settings));
  // The step's rollouts show the policy as it was before this step's updates.
  const { state: alarm, level } = observeStep(policy.alarm, target.observation);
  policy.alarm = alarm;
  const metrics: Metrics = {
    ...target.metrics,
    ...updates,
    'alarm/level': level,
    'alarm/raised': alarm.raised === null ? 0 : 1,
  };
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
    const reason = stopReason(run, policy, target, updates['policy/approxkl_avg'] ?? 0);
    policy.earlyStop = reason === null ? null : { step: step + 1, ...reason };
  }
  policy.nextKlCoefficient = nextKlCoefficient(
    settings.klController,
    policy.nextKlCoefficient,
    target.klPerSequence,
    settings.rollouts,
  );
}

function stopReason(
  { settings }: PpoRun,
  { alarm }: PpoPolicy,
  { klPerSequence }: RolloutTargets,
  approximateKl: number,
): EarlyStop | null {
  const limit = earlyStopReason(settings.earlyStop, { klPerSequence, approximateKl });
  if (limit !== null || !settings.stopOnAlarm || alarm.raised === null) return limit;
  return { code: 'over-optimisation', message: alarm.raised.message };
}

async function keepCells(run: PpoRun, state: PpoState, steps: number): Promise<void> {
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
