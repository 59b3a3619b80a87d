/** `rlcd`: one command for all that a user does; each of its commands is a file of its own. */
import packageFile from '../package.json' with { type: 'json' };
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { ENGINE_VERSION } from '../shared/engine-version.ts';
import { COMMANDS } from './commands/commands.ts';

const rlcd = createCommand(
  'rlcd',
  'Aligns a language model to a principle in plain words, without human labels, and shows whether it worked.',
)
  .version(`${packageFile.version}, engine ${ENGINE_VERSION}`, '--version', 'tells the version')
  .addHelpText('after', '\nrlcd COMMAND --help tells the options of a command.');
for (const [name, { summary }] of Object.entries(COMMANDS)) rlcd.command(name).description(summary);

const [first, ...words] = process.argv.slice(2);
const isHelp = first === 'help' && words[0] !== undefined;
const called = COMMANDS[(isHelp ? words[0] : first) ?? ''];
if (called === undefined) await runCommand(rlcd);
else await runCommand((await called.load()).command, isHelp ? ['--help'] : words);
