/** The files that a command is given, for commands that take nothing else. */
import { parseArgs } from 'node:util';

/** @returns undefined where `--help` was asked for, which prints the help */
export function fileArguments(help: string): readonly string[] | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  });
  if (!values.help) return positionals;
  console.log(help);
  return undefined;
}
