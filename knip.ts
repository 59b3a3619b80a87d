/** What is used: everything that an entry reaches. `knip --production` asks the same without the tests. */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // An entry with `!` is one in production too. The bench is a command for users (`npm run bench`), so it is one.
  entry: [
    'edge/{worker,serve,dev,build-dashboard}.ts!',
    'edge/dashboard/main.tsx!',
    'edge/dashboard/vite.config.ts',
    'gpu-runner/{main,answer,engine-process,health-check}.ts!',
    'gpu-runner/models/*/main.ts!',
    'deploy/webhook/main.ts!',
    'scripts/tools/*.ts!',
    'scripts/tools/*/command.ts!',
    'scripts/processes/end-with-parent.ts!',
    'scripts/tools/chaos/unsound-machine.ts!',
    'test/bench/*.ts!',
    'test/summary-reporter.ts',
    'test/interop/served-simulator.ts',
    'test/end-to-end/{clock-ahead,clock-behind,short-time-outs}.ts',
  ],
  // scripts/tools/lint is read by the linter alone, and knip counts what a linter reads as no production.
  project: [
    '{shared,edge,gpu-runner,scripts,deploy}/**/*.{ts,tsx}!',
    'test/bench/**/*.ts!',
    '!scripts/tools/lint/**!',
    'test/!(bench)/**/*.ts',
    'test/*.ts',
    '*.ts',
  ],
  // A part of a file may be exported for its test alone; a thing that only tests use at all is dead.
  ignoreExportsUsedInFile: process.argv.includes('--production'),
  // `cloudflare:` modules of the Workers runtime look like a package of that name.
  ignoreDependencies: ['cloudflare'],
  // The driver of a card brings the one, every Unix the other.
  ignoreBinaries: ['nvidia-smi', 'mkfifo'],
};

export default config;
