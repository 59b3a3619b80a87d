/** `npm run bench -- trainer`: one PPO update of a rank-8 adapter on 16 x 128 tokens, beside the machine's fp32 product. */
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Architecture } from '../../gpu-runner/llama/model/architecture.ts';
import { fastestExactProduct } from '../../gpu-runner/llama/backends/cpu/exact-product.ts';
import type { Sequence } from '../../gpu-runner/llama/model/sequence.ts';
import { float32, Picks } from '../../gpu-runner/llama/trainer/batch.ts';
import { apart } from '../../gpu-runner/llama/trainer/bundles.ts';
import { architectureOf } from '../../gpu-runner/llama/trainer/graphs.ts';
import { inTurn } from '../../gpu-runner/llama/trainer/like-lengths.ts';
import { adapterLayout, initialAdapter } from '../../gpu-runner/llama/model/lora-layout.ts';
import { baseBytes, cpuStepBytes, vocabularyBlock } from '../../shared/planner/model-bytes.ts';
import type { Microbatch } from '../../gpu-runner/llama/trainer/step-runner.ts';
import {
  openStep,
  pickFeeds,
  stepLimits,
  tokenFeeds,
  type TrainerOptions,
} from '../../gpu-runner/llama/trainer/trainer.ts';
import { initialState } from '../../gpu-runner/llama/trainer/training-state.ts';
import { Graph } from '../../gpu-runner/tensor/graph.ts';
import { matMul } from '../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../gpu-runner/tensor/session.ts';
import { shapeOption } from './common/shape-option.ts';
import { median, peakMegabytes, randomBase, round } from './common/figures.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

const ROWS = 16;
const TIME = 128;
const RANK = 8;
const SEED = 1;
const SECONDS = 6;
const CEILING_SIZE = 2048;
const WARM_UP_STEPS = 10;
const LEAST_GROWTH_STEPS = 40;

export const command = createCommand(
  'npm run bench -- trainer',
  "One PPO update of a rank-8 adapter on 16 x 128 tokens, beside the machine's fp32 product.",
)
  .addOption(shapeOption('m3'))
  .option('--steps <n>', 'so many updates instead of some seconds of them; 0 for those', wholeNumber(0), 0)
  .option('--threads <n>', 'threads of an operator', wholeNumber(1), availableParallelism())
  .option('--profile', 'prints the time of each kind of operator', false)
  .addOption(jsonOption())
  .action(async (values) => {
    const shape = values.shape;
    const threads = values.threads;
    const base = await randomBase(shape);
    const layout = adapterLayout(base.architecture, RANK, 2 * RANK);
    const options: TrainerOptions = {
      trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 },
      state: initialState([initialAdapter(layout, SEED, 0)]),
      optimiser: {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-5,
        weightDecay: 0,
        epsilonForm: 'corrected',
        clipNorm: 1,
      },
      maximumTime: TIME,
      microbatchRows: ROWS,
      session: { threads, profile: values.profile },
    };
    const startRss = process.memoryUsage().rss;
    const runner = await openStep(options, { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 });
    const cut = inTurn([benchRows(base.architecture)], stepLimits(options), TIME, 1);
    const batches = cut.map(({ groups }) => benchBatch(groups.flat(), options));
    const scored = ROWS * (TIME - 1);
    const step = async (): Promise<number> => {
      const started = performance.now();
      await runner.step(batches, [1e-5]);
      return performance.now() - started;
    };
    const wanted = values.steps;
    const times: number[] = [];
    const memory: number[] = [];
    const runSteps = async (): Promise<void> => {
      const started = performance.now();
      const before = times.length;
      const enough = (done: number): boolean =>
        wanted > 0 ? done >= wanted / 2 : done >= 3 && performance.now() - started > SECONDS * 1000;
      while (!enough(times.length - before)) {
        times.push(await step());
        memory.push(process.memoryUsage().rss);
      }
    };
    await step();
    await runSteps();
    // The ceiling's own memory is not the trainer's, so the high-water mark is read before it runs.
    const peak = peakMegabytes();
    const middleGflops = await ceilingGflopsOf(threads);
    await runSteps();
    if (values.profile) {
      const { operators, totalMilliseconds } = await runner.profile();
      console.log(JSON.stringify({ totalMilliseconds, operators: operators.slice(0, 25) }, null, 1));
    }
    await runner.close();
    const bestMs = Math.min(...times);
    const operations = stepOperations(base.architecture, scored);
    const size = { tokens: ROWS * TIME, time: TIME, rank: RANK };
    const parts = { base: baseBytes('cpu', base.architecture), ...cpuStepBytes(base.architecture, size) };
    const gflops = operations / bestMs / 1e6;
    const ceilingGflops = Math.max(middleGflops, await ceilingGflopsOf(threads));
    const middle = Math.floor(memory.length / 2);
    const figures = {
      shape,
      tokens: ROWS * TIME,
      scored,
      tokensPerSecond: Math.round((ROWS * TIME * 1000) / bestMs),
      medianTokensPerSecond: Math.round((ROWS * TIME * 1000) / median(times)),
      stepMs: round(bestMs),
      gflops: round(gflops),
      ceilingGflops: round(ceilingGflops),
      share: round(gflops / ceilingGflops),
      peakRssMb: peak,
      startRssMb: Math.round(startRss / 1e6),
      formulaMb: round((parts.base + parts.activations + parts.vocabulary) / 1e6),
      formulaParts: Object.fromEntries(
        Object.entries(parts).map(([name, bytes]) => [name, round(bytes / 1e6)]),
      ),
      peakOverFormula: round(peak / ((parts.base + parts.activations + parts.vocabulary) / 1e6)),
      growthMbPer100Steps: growthAfterWarmUp(memory.slice(0, middle)),
      steps: times.length,
      exactProduct: await fastestExactProduct(),
      machine: { processor: cpus()[0]?.model, threads, memoryMb: Math.round(totalmem() / 1e6) },
    };
    console.log(values.json ? JSON.stringify(figures) : figures);
  });

function benchRows({ vocabularySize }: Architecture): Sequence[] {
  return Array.from({ length: ROWS }, (_, row) => ({
    tokens: Array.from({ length: TIME }, (_unused, index) => (row * 7919 + index * 104_729) % vocabularySize),
    start: 1,
  }));
}

/** Every token but the first of each row takes part in the ratio loss; one value of weight 0 keeps the graph whole. */
function benchBatch(rows: readonly Sequence[], { trainable, maximumTime }: TrainerOptions): Microbatch {
  const architecture = architectureOf(trainable);
  const bundles = apart([rows]);
  const { shape, feeds } = tokenFeeds(bundles, trainable, maximumTime, true);
  const tokens = new Picks(bundles, shape, vocabularyBlock(architecture));
  const scalars = new Picks(apart([[{ tokens: [0, 0], start: 1 }]]), shape, 1);
  const uniformChoice = -Math.log(architecture.vocabularySize);
  return {
    feeds: {
      ...feeds,
      ...pickFeeds('token', tokens, true),
      ...pickFeeds('scalar', scalars, true),
      tokenTargets: tokens.targets(),
      tokenWeights: tokens.values(() => 1 / (ROWS * (TIME - 1))),
      oldLogProbabilities: tokens.values(() => uniformChoice),
      advantages: tokens.values((_group, row, offset) => ((row + offset) % 3) - 1),
      scalarGroups: scalars.groups(),
      oldValues: float32([1, 1], new Float32Array(1)),
      returns: float32([1, 1], new Float32Array(1)),
      valueWeights: float32([1, 1], new Float32Array(1)),
    },
    scored: { logProbabilities: tokens.shape, entropies: tokens.shape, scalars: scalars.shape },
  };
}

/**
 * Multiplications and additions of a step: every frozen product forward and to its input (4 P a token), the causal half
 * of the attention's two products forward and four backward, and the low-rank factors (6 r (inputs + outputs) each).
 */
function stepOperations(architecture: Architecture, scored: number): number {
  const { hiddenSize, intermediateSize, layers, heads, keyValueHeads, headSize, vocabularySize } =
    architecture;
  const [q, kv] = [heads * headSize, keyValueHeads * headSize];
  const linear = hiddenSize * (2 * q + 2 * kv) + 3 * hiddenSize * intermediateSize;
  const lowRank = RANK * (4 * hiddenSize + 2 * (q + kv) + 3 * (hiddenSize + intermediateSize));
  const attention = (6 * 2 * q * TIME) / 2;
  const perToken = layers * (4 * linear + 6 * lowRank + attention);
  return ROWS * TIME * perToken + 4 * scored * hiddenSize * vocabularySize;
}

/** The machine's fp32 product, 2048 x 2048 x 2048: the best of eight runs. */
async function ceilingGflopsOf(threads: number): Promise<number> {
  const graph = new Graph('ceiling');
  const shape = [CEILING_SIZE, CEILING_SIZE];
  graph.output('y', matMul(graph.input('a', 'float32', shape), graph.input('b', 'float32', shape)));
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads });
  const operand = float32(
    shape,
    Float32Array.from({ length: CEILING_SIZE ** 2 }, (_, index) => Math.sin(index)),
  );
  const y = float32(shape, new Float32Array(CEILING_SIZE ** 2));
  let best = Infinity;
  for (let repeat = 0; repeat < 8; repeat++) {
    const started = performance.now();
    await session.run({ a: operand, b: operand }, { y });
    best = Math.min(best, performance.now() - started);
  }
  await session.close();
  return (2 * CEILING_SIZE ** 3) / best / 1e6;
}

/**
 * MB per 100 steps once the arena and the collector have taken what they take; null of so few steps that one buffer which waits to
 * be collected would be hundreds.
 */
function growthAfterWarmUp(memory: readonly number[]): number | null {
  const warm = memory.slice(WARM_UP_STEPS);
  return warm.length < LEAST_GROWTH_STEPS ? null : round(growth(warm) * 100);
}

/** Slope of a line through the values, per step. */
function growth(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [products, squares] = [0, 0];
  values.forEach((value, index) => {
    products += (index - middle) * (value - mean);
    squares += (index - middle) ** 2;
  });
  return squares === 0 ? 0 : products / squares / 1e6;
}
