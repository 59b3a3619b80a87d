/** `npm run paper`: every method of the paper on one task, compared in one report. */
import { explain } from '../../../shared/explain.ts';
import { HELP, readArguments } from './arguments.ts';
import { runPaper } from './run-paper.ts';

/** Ends everything on the first signal. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(signal));
}

try {
  const options = readArguments(process.argv.slice(2));
  if (options) await runPaper({ options, output: process.stdout, progress: process.stderr }, stop.signal);
  else console.log(HELP);
} catch (error) {
  if (!stop.signal.aborted) console.error(explain(error));
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
