/** `npm run demo`: a whole RLCD alignment on this machine, over the public API, with its result. */
import { explain } from '../../../shared/explain.ts';
import { HELP, readArguments } from './arguments.ts';
import { runDemo } from './run-alignment.ts';
import { HYPERPARAMETERS } from './settings.ts';

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
