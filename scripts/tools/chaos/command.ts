/** `npm run chaos`: kill -9 anywhere, and the same bytes in the end. */
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { wholeNumber } from '../../../shared/command-line/values.ts';
import { dataOption, jsonOption, modelOrBundled } from '../../experiment/options.ts';
import { runChaos, type ChaosReport } from './run-chaos.ts';

const MAXIMUM = 999_999_999;

export const command = createCommand(
  'npm run chaos --',
  'Kills the runner or the edge with SIGKILL at random points and proves that nothing changes: runs a tiny experiment ' +
    'once undisturbed, then again and again with kills, until there were enough of them, and compares every artifact, ' +
    'result and metric row of each run with the undisturbed one.',
)
  .option('--kills <n>', 'how many', wholeNumber(0, MAXIMUM), 20)
  .option('--seed <n>', 'chooses victims and points', wholeNumber(0, MAXIMUM), 1)
  .addOption(modelOrBundled())
  .addOption(dataOption())
  .addOption(jsonOption())
  .action(async (options) => {
    await untilStopped(async (signal) => {
      const report = await runChaos(options, (line) => console.error(line), signal);
      if (options.json) console.log(JSON.stringify(report, null, 2));
      else for (const [name, value] of Object.entries(report)) console.log(`${name}:`, value);
      if (!isClean(report)) process.exitCode = 1;
    });
  });

function isClean({
  differingBytes,
  lostMetricRows,
  doubledMetricRows,
  changedMetricRows,
}: ChaosReport): boolean {
  return differingBytes + lostMetricRows + doubledMetricRows + changedMetricRows === 0;
}

if (import.meta.main) await runCommand(command);
