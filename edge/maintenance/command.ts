/** `rlcd store`: looks after the folder that an edge keeps its data in. */
import { styleText } from 'node:util';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { helpSection } from '../../shared/command-line/help-section.ts';
import { backUp, restore } from './backup.ts';
import { checkStore, repairStore, type CheckReport } from './check.ts';
import { counted, sizeOf } from './finding.ts';
import type { Manifest } from './manifest.ts';

const DATA = 'the folder of the store; RLCD_DATA or .rlcd unless given';
const folderOf = (data: string | undefined) => data ?? (process.env['RLCD_DATA'] || '.rlcd');

export const command = createCommand(
  'rlcd store',
  'Looks after the folder in which rlcd serve keeps its data. How a store on Cloudflare is kept stands in docs/store.md.',
).addHelpText(
  'after',
  helpSection('Environment:', {
    RLCD_DATA: 'folder of the store, where --data is not given; .rlcd unless set',
  }),
);

command
  .command('check')
  .description(
    'Reads the whole store, every byte against its hash, and says what is wrong and what mends it; it changes nothing, and ' +
      'may run while an edge serves the folder. The exit code is 1 where something is wrong.',
  )
  .option('--data <folder>', DATA)
  .option('--repair', 'does what can be done about it, on a folder that no edge serves', false)
  .option('--json', 'one JSON document', false)
  .action(async ({ data, repair, json }) => {
    const directory = folderOf(data);
    const now = Date.now();
    const report = repair ? await repairStore(directory, now) : await checkStore(directory, now);
    const open = report.findings.filter(({ repaired }) => repaired?.isMended !== true);
    if (json) console.log(JSON.stringify({ works: open.length === 0, ...report }, null, 2));
    else tell(report, open.length, repair);
    if (open.length > 0) process.exitCode = 1;
  });

command
  .command('backup')
  .description(
    'Copies the store into a folder that is made, while an edge serves it or not: the database as it is at one moment and ' +
      'every artifact that it names, verified by their hashes. A backup that was broken off has not its name and cannot be ' +
      'restored. The exit code is 1 where the store itself was damaged: what is whole is in the backup.',
  )
  .option('--data <folder>', DATA)
  .requiredOption('--out <folder>', 'where the backup goes; must not be there')
  .action(async ({ data, out }) => {
    const made = await backUp(folderOf(data), out, Date.now());
    console.log(`Backed up ${contentOf(made)} to ${out}`);
    tellFaults(made);
  });

command
  .command('restore')
  .description(
    'Makes the folder of a store out of a backup, and verifies all of it; then rlcd serve can serve it.',
  )
  .requiredOption('--from <folder>', 'the backup')
  .option('--data <folder>', `${DATA}; must be empty or not there`)
  .action(async ({ from, data }) => {
    const restored = await restore(from, folderOf(data), Date.now());
    console.log(`Restored ${contentOf(restored)} of ${restored.createdAt} to ${folderOf(data)}`);
    tellFaults(restored);
  });

const contentOf = ({ artifacts, bytes }: Manifest) =>
  `the database and ${counted(artifacts, 'artifact', 'artifacts')} (${sizeOf(bytes)})`;

function tellFaults({ faults }: Manifest): void {
  if (faults.length === 0) return;
  console.log('When the backup was taken, this was wrong (rlcd store check says what mends it):');
  for (const fault of faults) console.log(`  ${fault}.`);
  process.exitCode = 1;
}

function tell(report: CheckReport, open: number, repair: boolean): void {
  const { directory, artifacts, bytes, collectable, findings } = report;
  const waiting =
    collectable.artifacts > 0
      ? `, ${collectable.artifacts} of them (${sizeOf(collectable.bytes)}) unused and waiting for the collector`
      : '';
  const serves = report.isServed ? '; an edge serves it' : '';
  console.log(
    `${directory}: ${counted(artifacts, 'artifact', 'artifacts')} (${sizeOf(bytes)})${waiting}${serves}`,
  );
  for (const { code, found, cure, repaired } of findings) {
    console.log(`\n${styleText(repaired?.isMended ? 'green' : 'red', code)}  ${found}.`);
    if (repaired) console.log(`  Repaired: ${repaired.did}.`);
    if (!repaired?.isMended) console.log(`  ${cure}.`);
  }
  const mended = findings.length - open;
  console.log(
    findings.length === 0
      ? 'Nothing is wrong.'
      : `\n${counted(open, 'thing is', 'things are')} wrong${repair ? `, ${mended} mended` : ''}.`,
  );
}

if (import.meta.main) await runCommand(command);
