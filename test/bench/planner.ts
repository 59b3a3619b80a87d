/** `npm run bench -- planner`: what the planner plans against what a process really takes, each job in a fresh one. */
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { planMemory, type Workload } from '../../shared/planner/plan.ts';
import { namedShapes } from '../../gpu-runner/llama/model/named-shapes.ts';
import type { BaseFile } from '../../gpu-runner/llama/weights/base-file.ts';
import { Sampler } from '../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout, initialAdapter } from '../../gpu-runner/llama/model/lora-layout.ts';
import { type PpoRow, PpoTrainer } from '../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { initialState } from '../../gpu-runner/llama/trainer/training-state.ts';
import { randomBase } from './common/figures.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { Option } from '@commander-js/extra-typings';

const SEED = 1;

const samples = (sampleRows: number, promptTokens: number, newTokens: number): Workload => {
  return { sampleRows, promptTokens, newTokens, trainRows: 0, trainGroups: 1, rank: 8 };
};
const trains = (trainRows: number, trainGroups: number, tokens: number, rank: number): Workload => {
  return { sampleRows: 0, promptTokens: tokens / 2, newTokens: tokens / 2, trainRows, trainGroups, rank };
};

/** Jobs of each shape, small enough to run on two cores: those that the planner's constants were fitted to, and others. */
const JOBS = {
  m15: {
    fitted: [
      samples(8, 32, 32),
      samples(32, 32, 32),
      trains(4, 2, 64, 8),
      trains(8, 2, 128, 8),
      trains(4, 2, 64, 32),
      samples(64, 64, 64),
      trains(2, 4, 96, 16),
      samples(16, 48, 96),
      trains(6, 2, 96, 16),
    ],
    heldOut: [samples(128, 32, 32)],
  },
  m135: {
    fitted: [
      samples(8, 16, 16),
      samples(32, 32, 32),
      trains(2, 2, 64, 8),
      trains(4, 2, 128, 8),
      trains(2, 2, 64, 32),
      samples(16, 64, 16),
    ],
    heldOut: [samples(64, 16, 16), samples(4, 32, 48), trains(3, 2, 96, 16)],
  },
  m1b: {
    fitted: [samples(2, 8, 8), trains(1, 2, 32, 8), trains(1, 2, 64, 8), trains(1, 2, 16, 32)],
    heldOut: [samples(8, 16, 16), samples(4, 32, 32)],
  },
} as const satisfies Partial<
  Record<keyof typeof namedShapes, { fitted: readonly Workload[]; heldOut: readonly Workload[] }>
>;

/** Until then the engine's arena still grows, by less and less. */
const STEPS = 3;

type Shape = keyof typeof JOBS;

export const command = createCommand(
  'npm run bench -- planner',
  'What the planner plans against what a process really takes, each job in a fresh one.',
)
  .addOption(new Option('--shape <shape>', 'one shape alone').choices(Object.keys(JOBS) as Shape[]))
  .addOption(
    new Option('--measure <n>', 'does one job of the shape and prints its peak')
      .argParser(wholeNumber(0))
      .hideHelp(),
  )
  .addOption(jsonOption())
  .action(async (values) => {
    const shapes = (Object.keys(JOBS) as Shape[]).filter(
      (name) => values.shape === undefined || name === values.shape,
    );
    if (values.measure !== undefined) {
      const [shape] = shapes;
      const job = shape === undefined ? undefined : jobsOf(shape)[values.measure];
      if (shape === undefined || job === undefined) throw new Error(`No job ${values.measure}`);
      console.log(JSON.stringify({ peak: await measure(shape, job) }));
      return;
    }
    const rows = [];
    for (const shape of shapes) {
      await randomBase(shape);
      for (const [index, job] of jobsOf(shape).entries()) {
        const main = fileURLToPath(new URL('main.ts', import.meta.url));
        const own = [main, 'planner', '--shape', shape, '--measure', String(index)];
        const { peak } = JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' })) as {
          peak: number;
        };
        const { total } = planMemory('cpu', namedShapes[shape], job);
        rows.push({
          shape,
          ...job,
          heldOut: index >= JOBS[shape].fitted.length,
          plannedMb: Math.round(total / 1e6),
          measuredMb: Math.round(peak / 1e6),
          plannedOverMeasured: Number((total / peak).toFixed(3)),
        });
      }
    }
    if (values.json) console.log(JSON.stringify(rows));
    else console.table(rows);
  });

function jobsOf(shape: Shape): readonly Workload[] {
  return [...JOBS[shape].fitted, ...JOBS[shape].heldOut];
}

/** The high-water mark of this process after two rollouts or three steps. */
async function measure(shape: Shape, job: Workload): Promise<number> {
  const base = await randomBase(shape);
  const layout = adapterLayout(base.architecture, job.rank, 2 * job.rank);
  const vector = initialAdapter(layout, SEED, 0);
  if (job.sampleRows > 0) await sample(base, job, vector);
  if (job.trainRows > 0) await train(base, job, vector);
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(?<kilobytes>\d+)/.exec(status)?.groups?.['kilobytes']) * 1024;
}

async function sample(base: BaseFile, job: Workload, vector: Float32Array): Promise<void> {
  const { sampleRows, promptTokens, newTokens, rank } = job;
  const layout = adapterLayout(base.architecture, rank, 2 * rank);
  const sampler = await Sampler.open({
    backend: await openCpuBackend(base),
    adapters: { layout, groups: 1 },
    maximumPositions: promptTokens + newTokens,
    rows: sampleRows,
  });
  for (const seed of [1, 2]) {
    await sampler.sample(
      {
        prompts: Array.from({ length: sampleRows }, (_, row) =>
          Int32Array.from({ length: promptTokens }, (_unused, index) => (row * 61 + index * 37 + 3) % 32_000),
        ),
        maximumNewTokens: newTokens,
        seed,
        rowIds: Array.from({ length: sampleRows }, (_, row) => row),
      },
      vector,
    );
  }
  // Its threads would keep the process.
  await sampler.close();
}

async function train(base: BaseFile, job: Workload, vector: Float32Array): Promise<void> {
  const { trainRows, trainGroups, promptTokens, newTokens, rank } = job;
  const layout = adapterLayout(base.architecture, rank, 2 * rank);
  const trainer = await PpoTrainer.open({
    trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: trainGroups },
    state: initialState(Array.from({ length: trainGroups }, () => vector)),
    optimiser: {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-5,
      weightDecay: 0,
      epsilonForm: 'corrected',
      clipNorm: 1,
    },
    maximumTime: promptTokens + newTokens,
    microbatchRows: trainRows,
    policyClip: 0.2,
    value: { clip: 0.2, coefficient: 0.1 },
    temperature: 1,
  });
  const numbers = new Float32Array(newTokens);
  // Two parts of so many rows are under way at a time.
  const rows: PpoRow[] = Array.from({ length: 2 * trainRows }, (_, row) => ({
    tokens: Array.from(
      { length: promptTokens + newTokens },
      (_unused, index) => (row * 79 + index * 47) % 32_000,
    ),
    start: promptTokens,
    oldLogProbabilities: numbers.map(() => -10),
    advantages: numbers.map((_unused, index) => ((index + row) % 3) - 1),
    oldValues: numbers,
    returns: numbers,
  }));
  const policies = Array.from({ length: trainGroups / 2 }, () => rows);
  const rates = Array.from({ length: trainGroups }, () => 1e-5);
  for (let step = 0; step < STEPS; step++) await trainer.step(policies, rates);
  await trainer.close();
}
