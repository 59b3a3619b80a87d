/** One PPO step on the card: 512 rollouts of 300 tokens are generated, scored and trained on, each part timed. */
import type { Backend } from '../../../gpu-runner/llama/model/backend.ts';
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import { type AdapterLayout, initialAdapter } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { type PpoRow, PpoTrainer } from '../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import { initialState } from '../../../gpu-runner/llama/trainer/training-state.ts';

const ROLLOUTS = 512;
/** tokens of a rollout: half prompt, half response */
export const PPO_TOKENS = 300;
/** rows that go through the engine together */
export const PPO_ROWS = { sample: 64, train: 8 } as const;
const SEED = 1;

/** Seconds of the step and of its parts. */
export async function measurePpoStep(backend: Backend, layout: AdapterLayout) {
  const { vocabularySize } = backend.architecture;
  const half = PPO_TOKENS / 2;
  const vector = initialAdapter(layout, SEED, 0);
  const prompts = Array.from({ length: ROLLOUTS }, (_, row) =>
    Int32Array.from({ length: half }, (_unused, index) => (row * 61 + index * 37 + 3) % vocabularySize),
  );
  const started = performance.now();
  const sampler = await Sampler.open({
    backend,
    adapters: { layout, groups: 1 },
    maximumPositions: PPO_TOKENS,
    rows: PPO_ROWS.sample,
    runMilliseconds: 60_000,
  });
  const opened = performance.now();
  const rows: PpoRow[] = [];
  for (let first = 0; first < ROLLOUTS; first += PPO_ROWS.sample) {
    const part = prompts.slice(first, first + PPO_ROWS.sample);
    const rowIds = part.map((_, row) => first + row);
    const { tokens, logProbabilities, width } = await sampler.sample(
      { prompts: part, maximumNewTokens: half, seed: SEED, rowIds },
      vector,
    );
    part.forEach((prompt, row) => {
      const slice = [row * width, (row + 1) * width] as const;
      rows.push({
        tokens: Int32Array.of(...prompt, ...tokens.slice(...slice)),
        start: half,
        oldLogProbabilities: logProbabilities.slice(...slice),
        advantages: Float32Array.from({ length: width }, (_unused, index) => ((row + index) % 3) - 1),
        oldValues: new Float32Array(width),
        returns: new Float32Array(width).fill(0.5),
      });
    });
  }
  await sampler.close();
  const generated = performance.now();
  const forwardPass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend, layout, groups: 1 },
    scoring: 'tokens-and-scalars',
    maximumTime: PPO_TOKENS,
    microbatchRows: 2 * PPO_ROWS.train,
  });
  const scoringFrom = performance.now();
  const { logProbabilities } = await forwardPass.score(vector, [rows]);
  await forwardPass.close();
  const scored = performance.now();
  const trainer = await PpoTrainer.open({
    trainable: { kind: 'adapters', backend, layout, groups: 2 },
    state: initialState([vector, vector]),
    optimiser: {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-5,
      weightDecay: 0,
      epsilonForm: 'corrected',
      clipNorm: 1,
    },
    maximumTime: PPO_TOKENS,
    microbatchRows: PPO_ROWS.train,
    policyClip: 0.2,
    value: { clip: 0.2, coefficient: 0.1 },
    temperature: 1,
  });
  const trainingFrom = performance.now();
  const { loss } = await trainer.step([rows], [1e-5, 1e-5]);
  const trained = performance.now();
  await trainer.close();
  const split = {
    generateSeconds: (generated - opened) / 1000,
    scoreSeconds: (scored - scoringFrom) / 1000,
    trainSeconds: (trained - trainingFrom) / 1000,
  };
  return {
    rollouts: ROLLOUTS,
    tokens: PPO_TOKENS,
    stepSeconds: split.generateSeconds + split.scoreSeconds + split.trainSeconds,
    ...split,
    loadSeconds: (opened - started + scoringFrom - generated + trainingFrom - scored) / 1000,
    loss,
    meanGapToTrainer: meanGap(rows, logProbabilities[0] ?? []),
  };
}

/** Mean |log-probability of the sampler - of the forward pass|: what is sampled must be what is trained. */
function meanGap(rows: readonly PpoRow[], scores: readonly Float32Array[]): number {
  let [sum, count] = [0, 0];
  rows.forEach(({ oldLogProbabilities }, row) => {
    scores[row]?.forEach((score, index) => {
      sum += Math.abs(score - (oldLogProbabilities[index] ?? Number.NaN));
      count++;
    });
  });
  return sum / count;
}
