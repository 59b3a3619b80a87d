/** `npm run bench -- grid`: the paper's KL coefficients as adapter groups of one PPO run, against one run for each. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { Generator } from '../../gpu-runner/algorithms/generator.ts';
import type { PpoInput, PpoSettings } from '../../gpu-runner/algorithms/ppo/open-run.ts';
import { ppo } from '../../gpu-runner/algorithms/ppo/ppo.ts';
import type { Architecture } from '../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../gpu-runner/llama/model/named-shapes.ts';
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import type { Model } from '../../gpu-runner/llama/weights/model.ts';
import { writeRandomBase } from '../fixtures/random-base.ts';
import { trainTokenizer } from '../fixtures/train-tokenizer.ts';
import { openBase } from '../../gpu-runner/llama/weights/base-file.ts';
import { loadTokenizer } from '../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { adapterLayout, initialAdapter } from '../../gpu-runner/llama/model/lora-layout.ts';
import { PPO_DEFAULTS } from '../../shared/api/tasks/ppo.ts';
import { toneLines } from '../../shared/principles/kind-stories/tone-lines.ts';
import { shapeOption } from './common/shape-option.ts';
import { round } from './common/figures.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

const SEED = 1;
const PROMPT = 12;
const NEW_TOKENS = 16;
/** Tokens that end a response with --stops: of a vocabulary of 4,096 one in 68. */
const STOPS = Array.from({ length: 60 }, (_, index) => 3 + index);

/** What one run took and made. */
interface Taken {
  readonly seconds: number;
  /** Of the steps alone, without loading. */
  readonly stepSeconds: number;
  /** Most memory the process held, bytes, at the ends of steps. */
  readonly memory: number;
  readonly adapters: ReadonlyMap<number, Float32Array>;
}

export const command = createCommand(
  'npm run bench -- grid',
  "The paper's KL coefficients as adapter groups of one PPO run, against one run for each. All runs stand " +
    'in this one process, one after the other, each with its own loading. Prints the ratios of time and ' +
    'memory and the largest difference between the adapters of the two ways. About a minute on two quiet ' +
    'cores.',
)
  .addOption(shapeOption('m15'))
  .option('--rollouts <n>', 'of a step and coefficient', wholeNumber(1), 8)
  .option('--steps <n>', 'PPO steps of every run', wholeNumber(1), 2)
  .option('--stops', 'responses end by themselves, at different lengths; else all are as long', false)
  .addOption(jsonOption())
  .action(async (values) => {
    const shape = namedShapes[values.shape];
    const model = await randomModel(values.shape, {
      ...shape,
      maximumPositions: 64,
      eosTokens: values.stops ? STOPS : [],
    });
    const rollouts = values.rollouts;
    const settings: PpoSettings = {
      ...PPO_DEFAULTS,
      warmupSteps: 0,
      steps: [values.steps],
      rollouts,
      minibatchSize: rollouts,
      microbatchSize: rollouts,
      maximumNewTokens: NEW_TOKENS,
      penaltyWithoutStop: null,
      samplePrompts: 0,
      promptForm: 'prefix',
      responseOpening: '',
    };
    const coefficients = settings.klCoefficients;
    const before = process.memoryUsage().rss;
    const apart: Taken[] = [];
    for (const coefficient of coefficients) {
      console.error(`KL coefficient ${coefficient} alone`);
      apart.push(await timed(model, { ...settings, klCoefficients: [coefficient] }));
    }
    console.error(`${coefficients.length} coefficients in one run`);
    const grid = await timed(model, settings);
    const sum = (of: (taken: Taken) => number) => apart.reduce((total, taken) => total + of(taken), 0);
    const growth = (memory: number) => memory - before;
    const [first] = apart;
    const differences = coefficients.map((coefficient, index) =>
      difference(grid.adapters.get(coefficient), apart[index]?.adapters.get(coefficient)),
    );
    const baseBytes = model.base.regions.reduce((total, { length }) => total + length, 0);
    const document = {
      shape: values.shape,
      coefficients,
      rollouts,
      steps: values.steps,
      tokens: { prompt: PROMPT, response: NEW_TOKENS, stops: values.stops },
      seconds: { grid: round(grid.seconds), apart: round(sum(({ seconds }) => seconds)) },
      stepSeconds: { grid: round(grid.stepSeconds), apart: round(sum(({ stepSeconds }) => stepSeconds)) },
      timeRatio: round(grid.seconds / sum(({ seconds }) => seconds)),
      stepTimeRatio: round(grid.stepSeconds / sum(({ stepSeconds }) => stepSeconds)),
      baseMb: megabytes(baseBytes),
      memoryMb: {
        grid: megabytes(growth(grid.memory)),
        oneRun: megabytes(growth(first?.memory ?? Number.NaN)),
      },
      /** Of the grid, to as many single runs side by side. */
      memoryRatio: round(growth(grid.memory) / (coefficients.length * growth(first?.memory ?? Number.NaN))),
      adapters: {
        bitEqual: differences.filter((one) => one.largest === 0).length,
        of: coefficients.length,
        largestDifference: Math.max(...differences.map(({ largest }) => largest)),
        largestNumber: Math.max(...differences.map(({ scale }) => scale)),
      },
      machine: { processor: cpus()[0]?.model, threads: availableParallelism() },
    };
    console.log(values.json ? JSON.stringify(document, null, 2) : document);
  });

/** Random weights of the shape, made once, with a small tokenizer: what is said has no meaning here. */
async function randomModel(name: string, architecture: Architecture): Promise<Model> {
  const folder = path.join(tmpdir(), `rlcd-bench-grid-${name}-${SEED}-${architecture.eosTokens.length}`);
  if (!existsSync(path.join(folder, 'base.json'))) {
    rmSync(folder, { recursive: true, force: true });
    await writeRandomBase(folder, architecture, 'int8', SEED);
  }
  const base = await openBase(folder);
  const vocabularySize = 360;
  const { tokenizer, config } = trainTokenizer(
    toneLines.flatMap(({ kind, mean }) => [kind, mean]),
    { vocabularySize, minimumCharacterCount: 1 },
  );
  const words = mkdtempSync(path.join(tmpdir(), 'rlcd-bench-words-'));
  try {
    writeFileSync(path.join(words, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(path.join(words, 'tokenizer_config.json'), JSON.stringify(config));
    return {
      architecture,
      base,
      backend: await openCpuBackend(base),
      tokenizer: await loadTokenizer(words, { ...architecture, vocabularySize }),
      provenance: base.provenance,
      release: () => {},
    };
  } finally {
    rmSync(words, { recursive: true });
  }
}

async function timed(model: Model, settings: PpoSettings): Promise<Taken> {
  const { architecture } = model;
  const layout = adapterLayout(architecture, settings.rank, settings.alpha);
  const started = performance.now();
  const generator = await Generator.open({
    model,
    adapters: { layout, groups: settings.klCoefficients.length },
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: [],
    seed: SEED,
    maximumTime: PROMPT + NEW_TOKENS,
    referenceTemperature: 1,
    withReference: true,
    sampleRows: 128,
    scoreRows: 32,
  });
  const kept = new Map<string, Float32Array>();
  let stepSeconds = 0;
  let memory = 0;
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const input: PpoInput = {
    model,
    preferenceModel: {
      rank: settings.rank,
      alpha: settings.alpha,
      vector: initialAdapter(layout, SEED, 7, 'normal'),
    },
    prompts: Array.from({ length: 16 }, (_, row) => ({
      id: String(row),
      text: '',
      tokens: Int32Array.from({ length: PROMPT }, (_unused, place) => 3 + ((row * 61 + place * 37) % 350)),
    })),
    seed: SEED,
    generate: generator.generateGroups.bind(generator),
    encodePolicy: async (_, vector) => Buffer.from(vector.slice().buffer),
    keep: async (bytes) => {
      kept.set(hash(bytes), new Float32Array(Uint8Array.from(bytes).buffer));
      return hash(bytes);
    },
  };
  try {
    const { cells } = await ppo(
      input,
      settings,
      {
        signal: new AbortController().signal,
        progress: () => {},
        metrics: (_, values) => {
          memory = Math.max(memory, process.memoryUsage().rss);
          for (const [name, value] of Object.entries(values)) {
            if (/^timing\/.*_seconds$/.test(name)) stepSeconds += value;
          }
        },
        samples: () => {},
        checkpoint: async () => {},
      },
      null,
    );
    const adapters = new Map(
      cells.map(({ cell, sha256 }) => [cell.klCoefficient, kept.get(sha256) ?? new Float32Array()]),
    );
    return { seconds: (performance.now() - started) / 1000, stepSeconds, memory, adapters };
  } finally {
    await generator.close();
  }
}

/** Largest difference of two adapters, and the largest number in the first, for scale. */
function difference(one: Float32Array | undefined, other: Float32Array | undefined) {
  if (one === undefined || other?.length !== one.length) throw new Error('an adapter is missing');
  let [largest, scale] = [0, 0];
  one.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value - (other[index] ?? Number.NaN)));
    scale = Math.max(scale, Math.abs(value));
  });
  return { largest, scale };
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
