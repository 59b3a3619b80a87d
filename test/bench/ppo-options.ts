/** `npm run bench -- ppo-options`: what each option of PPO does that no shipped recipe sets: KL estimators and controllers, RLOO and GRPO, whitening, early stops, the stop on alarm. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { openSyntheticModel } from './alarm/synthetic-language.ts';
import { syntheticRuns } from './alarm/synthetic-run.ts';
import { SETTINGS, type Setting } from './ppo-options/options.ts';
import { optionsPicture } from './ppo-options/picture.ts';
import { measuredRun, type MeasuredRun, SEEDS, summariseOption, tableOf } from './ppo-options/summary.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';

interface Job {
  readonly setting: Setting;
  /** Null for the setting as it is. */
  readonly option: string | null;
  readonly seed: number;
}

export const command = createCommand(
  'npm run bench -- ppo-options',
  'What each option of PPO does that no shipped recipe sets: KL estimators and controllers, RLOO and GRPO, ' +
    'whitening, early stops, the stop on alarm. Each is held against the same runs without it, seed by seed, ' +
    'on the synthetic language, whose gold score is known and seen by no run. 19 options and settings of 6 ' +
    'seeds each; a run takes some seconds on two quiet cores.',
)
  .option('--keep <folder>', 'finished runs are kept there and not done again', '.rlcd/bench-ppo-options')
  .option('--limit <n>', 'at most so many runs are done in this call', wholeNumber(0), 1000)
  .addOption(jsonOption())
  .option('--picture <file>', 'draws the figures as SVG')
  .action(async (values) => {
    mkdirSync(values.keep, { recursive: true });
    const fileOf = ({ setting, option, seed }: Job) =>
      path.join(
        values.keep,
        `engine-${ENGINE_VERSION}, ${setting.name}, ${option ?? 'as it is'}, ${seed}.json`,
      );
    const jobs = SEEDS.flatMap((seed) =>
      SETTINGS.flatMap((setting) =>
        [null, ...Object.keys(setting.options)].map((option): Job => ({ setting, option, seed })),
      ),
    );
    const left = jobs.filter((job) => !existsSync(fileOf(job))).slice(0, values.limit);
    if (left.length > 0) await doJobs(left, fileOf);
    const missing = jobs.filter((job) => !existsSync(fileOf(job))).length;
    if (missing > 0) {
      console.error(`${missing} of ${jobs.length} runs are not done: call again for them`);
      return;
    }
    const kept = (job: Job) => JSON.parse(readFileSync(fileOf(job), 'utf8')) as MeasuredRun;
    const settings = SETTINGS.map((setting) => {
      const runsOf = (option: string | null) => SEEDS.map((seed) => kept({ setting, option, seed }));
      const asItIs = runsOf(null);
      return {
        setting: setting.name,
        klCoefficient: setting.klCoefficient,
        options: [null, ...Object.keys(setting.options)].map((option) =>
          summariseOption(option ?? 'as it is', runsOf(option), asItIs),
        ),
      };
    });
    const machine = { processor: cpus()[0]?.model, threads: availableParallelism() };
    if (values.picture !== undefined) writeFileSync(values.picture, optionsPicture(settings));
    const document = { engineVersion: ENGINE_VERSION, seeds: SEEDS, settings, machine };
    console.log(values.json ? JSON.stringify(document, null, 2) : tableOf(settings));
  });

async function doJobs(jobs: readonly Job[], fileOf: (job: Job) => string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-bench-ppo-options-'));
  try {
    const model = await openSyntheticModel(folder);
    for (const job of jobs) {
      const { setting, option, seed } = job;
      const started = performance.now();
      const changes = { ...setting.changes, ...(option === null ? {} : setting.options[option]) };
      const runs = [{ proxy: setting.reward(seed), klCoefficient: setting.klCoefficient }];
      const [trace] = await syntheticRuns(model, runs, seed, changes);
      const seconds = (performance.now() - started) / 1000;
      if (trace === undefined) throw new Error('a run left no trace');
      writeFileSync(`${fileOf(job)}.partial`, JSON.stringify(measuredRun(seed, trace, seconds)));
      renameSync(`${fileOf(job)}.partial`, fileOf(job));
      console.error(`${setting.name}, ${option ?? 'as it is'}, seed ${seed}: ${seconds.toFixed(1)} s`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
