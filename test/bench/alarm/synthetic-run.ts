/** PPO runs on the synthetic language: what each reports at every step, and gold's view of the same rollouts. */
import { PPO_DEFAULTS } from '../../../shared/api/tasks/ppo.ts';
import { Generator } from '../../../gpu-runner/algorithms/generator.ts';
import { ppo } from '../../../gpu-runner/algorithms/ppo/ppo.ts';
import type { PpoSettings } from '../../../gpu-runner/algorithms/ppo/open-run.ts';
import type { ScoredText } from '../../../gpu-runner/algorithms/ppo/reward-model.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { adapterLayout, initialAdapter } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { gold, type Judge } from './judges.ts';
import { syntheticText } from './synthetic-language.ts';

const STEPS = 30;
const NEW_TOKENS = 24;
const PROMPT_WORDS = 2;
const settings: PpoSettings = {
  ...PPO_DEFAULTS,
  rank: 4,
  alpha: 8,
  learningRate: 6e-3,
  warmupSteps: 2,
  steps: [STEPS],
  rollouts: 32,
  minibatchSize: 16,
  microbatchSize: 16,
  maximumNewTokens: NEW_TOKENS,
  normaliseScores: false,
  penaltyWithoutStop: null,
  samplePrompts: 0,
  promptForm: 'prefix',
  responseOpening: '',
};

interface TraceStep {
  /** Mean gold score of the step's rollouts: of the policy after as many steps as stand before this one. */
  readonly gold: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Trace {
  readonly klCoefficient: number;
  /** Where a limit or the alarm ended the training: PPO steps done, and why. */
  readonly earlyStop: { readonly step: number; readonly code: string } | null;
  readonly steps: readonly TraceStep[];
}

/** What one run of a batch is trained on. */
export interface SyntheticRun {
  readonly proxy: Judge;
  /** Another one for every run of a batch. */
  readonly klCoefficient: number;
}

/**
 * Runs PPO against each run's proxy: adapter groups of one batch, whose bytes are those of separate runs. Gold's
 * scores are written down beside and go nowhere else. Each proxy is brought to mean 0 and deviation 1 on the first
 * step's texts, as PPO does with one reward.
 *
 * @param changes settings of PPO that all runs have in the place of the usual ones
 */
export async function syntheticRuns(
  model: Model,
  runs: readonly SyntheticRun[],
  seed: number,
  changes: Partial<PpoSettings> = {},
): Promise<Trace[]> {
  const { tokenizer } = model;
  const order = runs.toSorted((a, b) => a.klCoefficient - b.klCoefficient);
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const prompts = Array.from({ length: 256 }, (_, index) => {
    const text = syntheticText(5_000_000 + index)
      .slice(0, PROMPT_WORDS)
      .join(' ');
    return { id: String(index), text, tokens: tokenizer.encode(text, { bos: true }) };
  });
  const maximumPrompt = Math.max(...prompts.map(({ tokens }) => tokens.length));
  const generator = await Generator.open({
    model,
    adapters: { layout, groups: order.length },
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: [],
    seed,
    maximumTime: maximumPrompt + NEW_TOKENS,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: order.length * settings.rollouts,
    scoreRows: 64,
  });
  const golds = order.map((): number[] => []);
  const scales = order.map(() => ({ mean: 0, deviation: 1 }));
  const reward = {
    score: async (texts: readonly ScoredText[]) => {
      const words = texts.map(({ sequence: { tokens } }) =>
        tokenizer.decode(tokens).split(' ').slice(PROMPT_WORDS),
      );
      return Float64Array.from(
        order.flatMap(({ proxy }, policy) => {
          const own = words.slice(policy * settings.rollouts, (policy + 1) * settings.rollouts);
          const scores = own.map(proxy);
          if (golds[policy]?.length === 0) scales[policy] = scaleOf(scores);
          golds[policy]?.push(meanOf(own.map(gold)));
          const { mean, deviation } = scales[policy] ?? { mean: 0, deviation: 1 };
          return scores.map((score) => (score - mean) / deviation);
        }),
      );
    },
    close: async () => {},
  };
  const rows: Record<string, number>[] = [];
  try {
    const { result } = await ppo(
      {
        model,
        preferenceModel: { rank: 4, alpha: 8, vector: initialAdapter(layout, seed, 5) },
        reward,
        prompts,
        seed,
        generate: generator.generateGroups.bind(generator),
        encodePolicy: async () => new Uint8Array(1),
        keep: async () => '',
      },
      { ...settings, ...changes, klCoefficients: order.map(({ klCoefficient }) => klCoefficient) },
      {
        signal: new AbortController().signal,
        progress: () => {},
        metrics: (step, values) => {
          rows[step] = { ...rows[step], ...values };
        },
        samples: () => {},
        checkpoint: async () => {},
      },
      null,
    );
    return runs.map(({ klCoefficient }): Trace => {
      const policy = order.findIndex((one) => one.klCoefficient === klCoefficient);
      const suffix = runs.length > 1 ? `@kl=${klCoefficient}` : '';
      return {
        klCoefficient,
        earlyStop: result.cells.find((cell) => cell.klCoefficient === klCoefficient)?.earlyStop ?? null,
        steps: rows.map((values, step) => ({
          gold: golds[policy]?.[step] ?? Number.NaN,
          metrics: Object.fromEntries(
            Object.entries(values).flatMap(([name, value]) =>
              name.endsWith(suffix) ? [[name.slice(0, name.length - suffix.length), value]] : [],
            ),
          ),
        })),
      };
    });
  } finally {
    await generator.close();
  }
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function scaleOf(scores: readonly number[]) {
  const mean = meanOf(scores);
  return { mean, deviation: Math.max(1e-6, Math.sqrt(meanOf(scores.map((score) => (score - mean) ** 2)))) };
}
