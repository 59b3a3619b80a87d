import type { AnyCommand } from '../../../shared/command-line/command.ts';

/** What `--help` prints. @param width of the terminal in columns; that of something else than a terminal unless given */
export function helpOf(command: AnyCommand, width = 80): string {
  let text = '';
  const output = { ...command.configureOutput() };
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => width });
  try {
    command.outputHelp();
  } finally {
    command.configureOutput(output);
  }
  return text;
}
