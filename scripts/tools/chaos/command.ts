/** `npm run chaos`: processes that are killed and stopped, a bad network, a bad disk, a bad clock, and the same bytes. */
import { createCommand, runCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { timeSpan, wholeNumber } from '../../../shared/command-line/values.ts';
import { dataOption, jsonOption, modelOrBundled } from '../../experiment/options.ts';
import { runChaos } from './run-chaos.ts';

const MAXIMUM = 999_999_999;

export const command = createCommand(
  'npm run chaos --',
  'Runs a tiny experiment again and again, with an edge and two runners as processes, while faults strike: processes are ' +
    'killed and stopped, requests are lost, delayed, doubled and put out of order, the disk is full or slow, the clock ' +
    'jumps, bits of stored artifacts flip. Every artifact, result and metric row of each round is compared with an ' +
    'undisturbed run. With --data, a run that was stopped goes on behind its last round.',
)
  .option('--rounds <n>', 'how many', wholeNumber(1, MAXIMUM), 10)
  .option('--seed <n>', 'chooses faults and points', wholeNumber(0, MAXIMUM), 1)
  .option(
    '--round <n>',
    'only this one, as the seed has it, and those before it on the same store',
    wholeNumber(0, MAXIMUM),
  )
  .option('--budget <time>', 'such as 30m: no round begins later than that', timeSpan)
  .addOption(modelOrBundled())
  .addOption(dataOption())
  .addOption(jsonOption())
  .action(async (options) => {
    await untilStopped(async (signal) => {
      const report = await runChaos(options, (line) => console.error(line), signal);
      if (options.json) console.log(JSON.stringify(report, null, 2));
      else for (const [name, value] of Object.entries(report)) console.log(`${name}:`, value);
      if (report.wrong.length > 0) process.exitCode = 1;
    });
  });

if (import.meta.main) await runCommand(command);
