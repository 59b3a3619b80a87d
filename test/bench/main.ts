/** `npm run bench -- NAME ...`: runs the bench of that name, test/bench/NAME.ts, with the arguments behind it. */
import { readdirSync } from 'node:fs';
import { createCommand, runCommand, type AnyCommand } from '../../shared/command-line/command.ts';

const folder = new URL('.', import.meta.url);

/** A bench is a file of this folder that exports its command. */
export const BENCHES: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3));

export async function loadBench(name: string): Promise<AnyCommand> {
  const { command } = (await import(new URL(`${name}.ts`, folder).href)) as { readonly command: AnyCommand };
  return command;
}

export const command = createCommand('npm run bench --', 'Measures; npm run bench -- NAME --help tells how.');
for (const name of BENCHES) command.command(name);

if (import.meta.main) {
  const [name = '', ...words] = process.argv.slice(2);
  if (BENCHES.includes(name)) await runCommand(await loadBench(name), words);
  else await runCommand(command);
}
