/** `npm run demo`: a whole RLCD alignment on this machine, over the public API, with its result. */
import { ModelFileError } from '../../gpu-runner/llama/import/model-file-error.ts';
import { ApiError } from '../../shared/api/client.ts';
import { ChildEndedError } from '../processes/child.ts';
import { UsageError } from '../usage-error.ts';
import { HELP, readArguments } from './arguments.ts';
import { ExperimentFailedError } from './follow.ts';
import { runDemo } from './run-demo.ts';
import { HYPERPARAMETERS } from './settings.ts';

/** Faults that their message explains; anything else is shown with its stack. */
const EXPLAINED = [UsageError, ModelFileError, ApiError, ChildEndedError, ExperimentFailedError];

function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const errors = error.problem.errors?.map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`) ?? [];
    return error.message + errors.join('');
  }
  if (error instanceof Error && EXPLAINED.some((kind) => error instanceof kind)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Ends everything on the first signal. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(signal));
}

try {
  const options = readArguments(process.argv.slice(2));
  if (options) {
    const { stdout: output, stderr: progress } = process;
    const hyperparameters = HYPERPARAMETERS[options.scale];
    await runDemo({ options, hyperparameters, output, progress }, stop.signal);
  } else console.log(HELP);
} catch (error) {
  if (!stop.signal.aborted) console.error(explain(error));
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
