/** `npm run bench -- backward-curves`: what training makes of a model by the exact and by the 8-bit way back, seed by seed. */
import { readFile } from 'node:fs/promises';
import { Option } from '@commander-js/extra-typings';
import { dpo } from '../../gpu-runner/algorithms/dpo.ts';
import { Generator } from '../../gpu-runner/algorithms/generator.ts';
import { ppo } from '../../gpu-runner/algorithms/ppo/ppo.ts';
import type { PreferencePairLine } from '../../gpu-runner/algorithms/preference-model/preference-examples.ts';
import { trainPreferenceModel } from '../../gpu-runner/algorithms/preference-model/train-preference-model.ts';
import type { RunHooks } from '../../gpu-runner/algorithms/run-hooks.ts';
import { cpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { fastestExactProduct } from '../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { adapterLayout } from '../../gpu-runner/llama/model/lora-layout.ts';
import { importModel } from '../../gpu-runner/llama/weights/import-model.ts';
import type { Model } from '../../gpu-runner/llama/weights/model.ts';
import { DPO_DEFAULTS } from '../../shared/api/tasks/dpo.ts';
import { PPO_DEFAULTS } from '../../shared/api/tasks/ppo.ts';
import { TRAIN_PREFERENCE_MODEL_DEFAULTS } from '../../shared/api/tasks/train-preference-model.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';

const RANK = 8;
const LONGEST = 128;
const HELD_OUT = 60;
const ROLLOUTS = 16;
const NEW_TOKENS = 32;

const OBJECTIVES = ['preference', 'direct-preference', 'ppo'] as const;

export const command = createCommand(
  'npm run bench -- backward-curves',
  'Preference model, DPO and PPO on the same pairs by both ways back; a JSON line for each run.',
)
  .requiredOption('--model <path>', 'a model whose width takes the 8-bit way back')
  .requiredOption('--pairs <file>', 'rows of chosen and rejected dialogues')
  .option('--train <n>', 'pairs that are trained on', wholeNumber(16), 96)
  .option('--steps <n>', 'steps of PPO', wholeNumber(1), 4)
  .option('--seeds <n>', 'runs of each', wholeNumber(1), 3)
  .addOption(new Option('--only <objective>', 'one of the three').choices(OBJECTIVES))
  .option('--cache <folder>', 'where the converted model is kept', '.rlcd/cache')
  .action(async ({ model: source, pairs: file, train, steps, seeds, only, cache }) => {
    const imported = await importModel(source, { cacheDirectory: cache });
    const exactProduct = await fastestExactProduct();
    const pairs = pairsOf(await readFile(file, 'utf8'), imported, train + HELD_OUT);
    for (let seed = 1; seed <= seeds; seed++) {
      for (const backward of ['exact', 'eight-bit'] as const) {
        const backend = cpuBackend({ base: imported.base, exactProduct, hasUnsignedFile: false, backward });
        const runs = { preference, 'direct-preference': directPreference, ppo: policy };
        for (const name of only === undefined ? OBJECTIVES : [only]) {
          const started = performance.now();
          const figures = await runs[name]({ ...imported, backend }, pairs, seed, steps);
          const seconds = Math.round((performance.now() - started) / 1000);
          console.log(JSON.stringify({ name, seed, backward, ...figures, seconds }));
        }
      }
    }
  });

/** Dialogues of one turn that are short enough. */
function pairsOf(
  text: string,
  { tokenizer }: Pick<Model, 'tokenizer'>,
  wanted: number,
): PreferencePairLine[] {
  const cut = (dialogue: string): [string, string] => {
    const place = dialogue.lastIndexOf('\n\nAssistant:') + '\n\nAssistant:'.length;
    return [dialogue.slice(0, place), dialogue.slice(place).trim()];
  };
  const all = text
    .trim()
    .split('\n')
    .flatMap((line, row): PreferencePairLine[] => {
      const { chosen, rejected } = JSON.parse(line) as { chosen: string; rejected: string };
      const [[prompt, better], [other, worse]] = [cut(chosen), cut(rejected)];
      const longest = Math.max(...[chosen, rejected].map((one) => tokenizer.encode(one).length));
      if (prompt !== other || better === worse || longest > LONGEST - 8) return [];
      return [
        {
          promptId: String(row),
          prompt,
          chosen: better,
          rejected: worse,
          labelProbability: 1,
          affixPair: null,
        },
      ];
    });
  return all.slice(0, wanted);
}

type Figures = Readonly<Record<string, number>>;

async function preference(
  model: Model,
  pairs: readonly PreferencePairLine[],
  seed: number,
): Promise<Figures> {
  const settings = {
    ...TRAIN_PREFERENCE_MODEL_DEFAULTS,
    rank: RANK,
    alpha: 2 * RANK,
    learningRate: 5e-4,
    batchPairs: 8,
    heldOutPairs: HELD_OUT,
    maximumLength: LONGEST,
    promptForm: 'dialogue' as const,
    microbatchRows: 16,
  };
  const { result } = await trainPreferenceModel(model, pairs, settings, seed, quiet().hooks, null);
  const { accuracy, brier } = result.heldOut;
  return { trainLoss: result.trainLoss, heldOutAccuracy: accuracy, heldOutBrier: brier };
}

async function directPreference(
  model: Model,
  pairs: readonly PreferencePairLine[],
  seed: number,
): Promise<Figures> {
  const settings = {
    ...DPO_DEFAULTS,
    rank: RANK,
    alpha: 2 * RANK,
    learningRate: 5e-4,
    batchPairs: 8,
    maximumLength: LONGEST,
    promptForm: 'dialogue' as const,
  };
  const { result } = await dpo(model, pairs.slice(0, -HELD_OUT), settings, seed, quiet().hooks, null);
  return { trainLoss: result.trainLoss, accuracy: result.accuracy, meanMargin: result.meanMargin };
}

/** PPO without a value model; the reward is how many of the tokens differ. */
async function policy(
  model: Model,
  pairs: readonly PreferencePairLine[],
  seed: number,
  steps: number,
): Promise<Figures> {
  const layout = adapterLayout(model.architecture, RANK, 2 * RANK);
  const settings = {
    ...PPO_DEFAULTS,
    rank: RANK,
    alpha: 2 * RANK,
    learningRate: 7e-4,
    klCoefficients: [0.05],
    steps: [steps],
    rollouts: ROLLOUTS,
    minibatchSize: ROLLOUTS,
    microbatchSize: ROLLOUTS,
    epochs: 1,
    warmupSteps: 0,
    advantageEstimator: 'rloo' as const,
    groupSize: 4,
    whitenRewards: false,
    penaltyWithoutStop: null,
    maximumNewTokens: NEW_TOKENS,
    temperature: 0.7,
    promptForm: 'dialogue' as const,
    responseOpening: '',
    samplePrompts: 0,
  };
  const generator = await Generator.open({
    model,
    adapters: { layout, groups: 1 },
    promptForm: 'dialogue',
    temperature: settings.temperature,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: [],
    seed,
    maximumTime: LONGEST + NEW_TOKENS,
    referenceTemperature: settings.temperature,
    withReference: true,
    sampleRows: ROLLOUTS,
    scoreRows: ROLLOUTS,
  });
  const { hooks, metrics } = quiet();
  const prompts = pairs.slice(0, 64).map(({ prompt, promptId }) => ({
    id: promptId,
    text: prompt,
    tokens: model.tokenizer.encodePrompt(prompt),
  }));
  try {
    await ppo(
      {
        model,
        preferenceModel: null,
        reward: {
          score: (texts) =>
            Promise.resolve(Float64Array.from(texts, ({ sequence }) => variety(Array.from(sequence.tokens)))),
          close: () => Promise.resolve(),
        },
        prompts,
        seed,
        generate: generator.generateGroups.bind(generator),
        encodePolicy: (_, vector) => Promise.resolve(Buffer.from(vector.slice().buffer)),
        keep: () => Promise.resolve('0'.repeat(64)),
      },
      settings,
      hooks,
      null,
    );
  } finally {
    await generator.close();
  }
  return Object.fromEntries(
    Array.from(metrics).filter(([name]) => /score|reward|kl|entropy|loss/.test(name)),
  );
}

function variety(tokens: readonly number[]): number {
  return new Set(tokens).size / tokens.length;
}

/** Hooks that keep the last figure of each metric. */
function quiet(): { readonly hooks: RunHooks; readonly metrics: Map<string, number> } {
  const metrics = new Map<string, number>();
  const hooks: RunHooks = {
    signal: new AbortController().signal,
    progress: () => undefined,
    metrics: (_, values) => {
      for (const [name, value] of Object.entries(values)) metrics.set(name, value);
    },
    samples: () => undefined,
    checkpoint: () => Promise.resolve(),
  };
  return { hooks, metrics };
}
