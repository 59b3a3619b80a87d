/** `npm run bench -- open-model`: how long a model takes to open, the first time and from then on, and at which memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { namedShapes } from '../../gpu-runner/llama/model/named-shapes.ts';
import { importModel } from '../../gpu-runner/llama/weights/import-model.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { writeLargeFolder } from '../gpu-runner/llama/weights/large-folder.ts';
import { Option } from '@commander-js/extra-typings';

interface Opening {
  readonly seconds: number;
  /** Largest resident memory of the process. */
  readonly peakBytes: number;
}

export const command = createCommand(
  'npm run bench -- open-model',
  'Opens a model in a fresh process with an empty cache, and again with what the first left there.',
)
  .option(
    '--model <path>',
    "a model of your own; a folder of TinyLlama's shape (1.1B, bf16, two shards) unless given",
  )
  .addOption(
    new Option('--open <cache>', 'opens the model with this cache and prints what that took').hideHelp(),
  )
  .addOption(jsonOption())
  .action(async ({ model, open, json }) => {
    if (open !== undefined) {
      const started = performance.now();
      await importModel(model ?? '', { cacheDirectory: open });
      const opening: Opening = {
        seconds: (performance.now() - started) / 1000,
        peakBytes: process.resourceUsage().maxRSS * 1024,
      };
      console.log(JSON.stringify(opening));
      return;
    }
    const made = model === undefined ? writeLargeFolder(namedShapes.m1b).folder : null;
    const cache = mkdtempSync(path.join(tmpdir(), 'rlcd-open-model-'));
    try {
      const opened = (): Opening =>
        JSON.parse(
          execFileSync(
            process.execPath,
            [
              fileURLToPath(new URL('main.ts', import.meta.url)),
              'open-model',
              '--model',
              model ?? made ?? '',
              '--open',
              cache,
            ],
            { encoding: 'utf8' },
          ),
        ) as Opening;
      const result = {
        processor: cpus()[0]?.model ?? '',
        model: model ?? 'm1b, bf16',
        first: opened(),
        again: opened(),
      };
      const line = ({ seconds, peakBytes }: Opening) =>
        `${seconds.toFixed(2)} s, at most ${(peakBytes / 1e6).toFixed(0)} MB`;
      const text = `first: ${line(result.first)}\nagain: ${line(result.again)}`;
      console.log(json ? JSON.stringify(result, null, 2) : text);
    } finally {
      rmSync(cache, { recursive: true });
      if (made !== null) rmSync(made, { recursive: true });
    }
  });
