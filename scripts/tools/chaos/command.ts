/** `npm run chaos`: kill -9 anywhere, and the same bytes in the end. */
import { explain } from '../../../shared/explain.ts';
import { HELP, readArguments } from './arguments.ts';
import { runChaos, type ChaosReport } from './run-chaos.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}

function isClean({
  differingBytes,
  lostMetricRows,
  doubledMetricRows,
  changedMetricRows,
}: ChaosReport): boolean {
  return differingBytes + lostMetricRows + doubledMetricRows + changedMetricRows === 0;
}

try {
  const options = readArguments(process.argv.slice(2));
  if (options) {
    const report = await runChaos(options, (line) => console.error(line), stop.signal);
    if (options.json) console.log(JSON.stringify(report, null, 2));
    else for (const [name, value] of Object.entries(report)) console.log(`${name}:`, value);
    if (!isClean(report)) process.exitCode = 1;
  } else console.log(HELP);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
