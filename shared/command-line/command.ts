/** The one way in which commands are declared and run: typed options, help, faults and exit codes are alike everywhere. */
import { styleText } from 'node:util';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { explain } from '../explain.ts';
import { UsageError } from './usage-error.ts';

export type AnyCommand = CommandUnknownOpts;

/** @param name as a person types it: `rlcd demo`, or `npm run chaos --` */
export function createCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .helpOption('-h, --help', 'this text')
    .configureHelp({
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      minWidthToWrap: 20,
    })
    .configureOutput({ outputError: () => {} })
    .exitOverride();
}

/**
 * Reads the words of a command line and does what they ask for; `--help` prints the help and does nothing else.
 *
 * @throws UsageError naming the option, the fault and the cure; whatever the command's work throws
 */
export async function parseCommand(command: AnyCommand, words: readonly string[]): Promise<void> {
  try {
    await command.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(command, words, error);
  }
}

/**
 * Runs a program's command. What a person can mend is told in a line or two, anything else with its stack.
 * Exit codes: 0, 1 where the work failed, 2 where the command line is wrong.
 */
export async function runCommand(
  command: AnyCommand,
  words: readonly string[] = process.argv.slice(2),
): Promise<void> {
  try {
    await parseCommand(command, words);
  } catch (error) {
    console.error(explain(error));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

function usageError(command: AnyCommand, words: readonly string[], error: CommanderError): UsageError {
  const sub = command.commands.find((one) => one.name() === words[0]);
  const called = sub ?? command;
  const name = sub === undefined ? command.name() : `${command.name()} ${sub.name()}`;
  const isMissing = error.code === 'commander.missingMandatoryOptionValue';
  const { code, message } = (isMissing && unknownOption(command, called, words)) || error;
  const missing = code === 'commander.missingMandatoryOptionValue' ? missingOptions(called) : [];
  const others = missing.slice(1).map(({ flags }) => `, nor '${flags}'`);
  const fault = code === 'commander.help' ? 'name what to do' : message.replace(/^error: /, '');
  const what = missing.map(({ long, description }) => `${long} takes ${description}; `);
  return new UsageError(fault.replaceAll('\n', ' ').replace(/\.$/, '') + others.join(''), {
    cure: `${what.join('')}${name} --help lists the options`,
  });
}

/** All that a command line lacks, in the order of the help: commander names the first alone. */
function missingOptions(command: AnyCommand) {
  return command.options.filter(
    (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
  );
}

/** The fault of an unknown option, which commander tells only where no other option is missing: that one, mistyped, perhaps. */
function unknownOption(
  command: AnyCommand,
  called: AnyCommand,
  words: readonly string[],
): CommanderError | undefined {
  if (called.parseOptions([...words]).unknown.length === 0) return undefined;
  const required = called.options.filter(({ mandatory }) => mandatory);
  for (const option of required) option.makeOptionMandatory(false);
  try {
    // Ends before any work, at the option that is unknown.
    command.parse(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  } finally {
    for (const option of required) option.makeOptionMandatory();
  }
}
