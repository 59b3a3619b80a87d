/** A list under a title at the end of a command's help, laid out as its options are. */
import type { AnyCommand } from './command.ts';

/** For `addHelpText('after', ...)`. @param rows each a term and what it means */
export function helpSection(title: string, rows: Readonly<Record<string, string>>) {
  return ({ command }: { command: AnyCommand }): string => {
    const help = command.createHelp();
    help.prepareContext({ helpWidth: command.configureOutput().getOutHelpWidth?.() ?? 80 });
    const width = Math.max(...Object.keys(rows).map((term) => term.length));
    const lines = Object.entries(rows).map(([term, meaning]) => help.formatItem(term, width, meaning, help));
    return ['', help.styleTitle(title), ...lines].join('\n');
  };
}
