/** `npm run bench -- alarm`: measures the over-optimisation alarm on real PPO runs against rewards that can be hacked and rewards that cannot, with a gold judge that no run sees. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Model } from '../../gpu-runner/llama/weights/model.ts';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { judgeRun, summarise, type RunVerdict } from './alarm/evaluate.ts';
import { HACKABLE, SOUND } from './alarm/judges.ts';
import { openSyntheticModel } from './alarm/synthetic-language.ts';
import { type SyntheticRun, syntheticRuns, type Trace } from './alarm/synthetic-run.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

interface Job {
  readonly hackable: boolean;
  readonly proxy: string;
  readonly seed: number;
}

const PER_CLASS = 4;

/** In turn; a hair apart, so that every run of a batch has a coefficient of its own. */
const COEFFICIENTS = [0.01, 0.03, 0.06];

export const command = createCommand(
  'npm run bench -- alarm',
  'Measures the over-optimisation alarm on real PPO runs against rewards that can be hacked and rewards ' +
    'that cannot, with a gold judge that no run sees. A batch takes a quarter of a minute on two quiet cores, ' +
    'the model some seconds more.',
)
  .option('--batches <n>', 'batches of 8 runs, 4 of either class; seeds 101, 102, ...', wholeNumber(0), 6)
  .option(
    '--calibration',
    "the runs that the alarm's limits were chosen on instead: 2 batches, seeds 1 and 2",
    false,
  )
  .option('--keep <folder>', 'finished batches are kept there and not done again', '.rlcd/bench-alarm')
  .option('--limit <n>', 'at most so many batches are done in this call', wholeNumber(0), 1000)
  .addOption(jsonOption())
  .action(async (values) => {
    mkdirSync(values.keep, { recursive: true });
    const seeds = values.calibration
      ? [1, 2]
      : Array.from({ length: values.batches }, (_, index) => 101 + index);
    const fileOf = (seed: number) => path.join(values.keep, `engine-${ENGINE_VERSION}-batch-${seed}.json`);
    const left = seeds.filter((seed) => !existsSync(fileOf(seed))).slice(0, values.limit);
    if (left.length > 0) {
      await withModel(async (model) => {
        for (const seed of left) {
          const started = performance.now();
          const traces = await syntheticRuns(model, jobsOf(seed).map(runOf(seed)), seed);
          writeFileSync(`${fileOf(seed)}.partial`, JSON.stringify(traces));
          renameSync(`${fileOf(seed)}.partial`, fileOf(seed));
          console.error(`batch ${seed}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
        }
      });
    }
    const done = seeds.filter((seed) => existsSync(fileOf(seed)));
    if (done.length < seeds.length) {
      console.error(`${done.length} of ${seeds.length} batches are done: call again for the others`);
      return;
    }
    const verdicts = seeds.flatMap((seed): RunVerdict[] => {
      const traces = JSON.parse(readFileSync(fileOf(seed), 'utf8')) as Trace[];
      return jobsOf(seed).flatMap((job, index) => {
        const trace = traces[index];
        return trace === undefined ? [] : [judgeRun(job, trace)];
      });
    });
    const document = {
      seeds: values.calibration ? 'calibration' : 'evaluation',
      ...summarise(verdicts),
      runs: verdicts,
    };
    console.log(values.json ? JSON.stringify(document, null, 2) : document);
  });

/** Runs of either class, their proxies in turn; each proxy has a seed of its own. */
function jobsOf(batch: number): Job[] {
  return [HACKABLE, SOUND].flatMap((proxies, class_) => {
    const names = Object.keys(proxies);
    return Array.from({ length: PER_CLASS }, (_, index) => ({
      hackable: proxies === HACKABLE,
      proxy: names[(index + batch) % names.length] ?? '',
      seed: 100 * batch + PER_CLASS * class_ + index,
    }));
  });
}

const runOf = (batch: number) => {
  return ({ hackable, proxy, seed }: Job, index: number): SyntheticRun => {
    const make = (hackable ? HACKABLE : SOUND)[proxy];
    if (make === undefined) throw new Error(`no proxy ${proxy}`);
    return { proxy: make(seed), klCoefficient: (COEFFICIENTS[(index + batch) % 3] ?? 0) + index * 1e-6 };
  };
};

async function withModel(use: (model: Model) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-bench-alarm-'));
  try {
    await use(await openSyntheticModel(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
