/** What a run says first, when it is stopped, and last: where it can be seen, with which key, and how to go on. */
import { relative } from 'node:path';
import type { ProgressOutput } from '../../terminal/progress.ts';
import { labelled } from '../../terminal/text-width.ts';

const WIDEST = 100;
const LABEL = 12;
const CONTINUED = ' \\';

/** A run, as a person comes back to it. */
export interface RunPlace {
  /** The words behind `npx rlcd`. */
  readonly words: readonly string[];
  /** Of the edge, and of the dashboard. */
  readonly url: string;
  /** The data folder. */
  readonly folder: string;
  readonly keysFile: string;
  readonly adminKey: string;
}

interface Row {
  readonly name: string;
  readonly text: string | Command;
}

/** The words of a command, quoted for a shell. */
type Command = readonly string[];

function format(rows: readonly Row[], columns: number): string {
  const width = Math.min(columns, WIDEST) - 1;
  return rows.flatMap(({ name, text }) => linesOf(name, text, width)).join('\n');
}

function linesOf(name: string, text: string | Command, width: number): string[] {
  if (typeof text !== 'string') {
    const lines = commandLines(text, width - LABEL);
    return lines.map((line, index) => `${(index === 0 ? name : '').padEnd(LABEL)}${line}`);
  }
  // What is one word, such as an address, is not to be broken by us.
  if (!text.includes(' ') && LABEL + text.length > width) return [name, text];
  return labelled(name, text, LABEL, width);
}

/** Lines that a shell reads as one, broken between words alone. */
function commandLines(words: Command, columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const joined = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && joined.length + CONTINUED.length <= columns) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line}${CONTINUED}`));
}

/** The shorter way to a file or folder: from here, or from the root. */
function shownPath(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') || short === '' ? path : short;
}

function quoted(word: string): string {
  return /^[\w./:@#+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The same command in the same folder. */
export function commandToGoOn({ words, folder }: Pick<RunPlace, 'words' | 'folder'>): Command {
  const namesFolder = words.some((word) => word === '--data' || word.startsWith('--data='));
  const place = namesFolder ? [] : ['--data', shownPath(folder)];
  return ['npx', 'rlcd', ...[...words, ...place].map(quoted)];
}

const withoutExit = ({ words, folder }: RunPlace) => ({
  words: words.filter((word) => word !== '--exit' && word !== '--json'),
  folder,
});

/**
 * The first screen. The key itself is shown on a terminal alone: elsewhere the text may be kept where others read it.
 *
 * @param output decides the width, and whether it is a terminal
 */
export function firstScreen(
  place: RunPlace,
  { isTTY, columns = WIDEST }: Pick<ProgressOutput, 'isTTY' | 'columns'>,
): string {
  const { url, folder, keysFile, adminKey } = place;
  const key = isTTY === true ? adminKey : `"admin" in ${shownPath(keysFile)}`;
  const rows: readonly Row[] = [
    { name: 'Dashboard', text: `${url} (once the edge is up)` },
    { name: 'Key', text: key },
    { name: 'Data', text: shownPath(folder) },
    { name: 'Ctrl-C', text: 'stops, and keeps what is done; to go on:' },
    { name: '', text: commandToGoOn(place) },
  ];
  return `${format(rows, columns)}\n\n`;
}

/** Said when the run is asked to stop. */
export function stoppedText(place: RunPlace, columns = WIDEST): string {
  const rows: readonly Row[] = [
    {
      name: 'Stopping',
      text: 'the runner and the edge. What is done is kept; of what is under way, what no checkpoint has yet is done again. To go on:',
    },
    { name: '', text: commandToGoOn(place) },
  ];
  return `\n${format(rows, columns)}\n`;
}

/** The last lines: what can be done with the result. @param serves whether the edge goes on */
export function nextSteps(
  place: RunPlace,
  { experimentId, serves }: { readonly experimentId: string; readonly serves: boolean },
  columns = WIDEST,
): string {
  const { url, folder, keysFile } = place;
  const data = quoted(shownPath(folder));
  const kept = [experimentId, '--data', data];
  const page = `${url}/experiments/${experimentId}`;
  const rows: readonly Row[] = [
    { name: 'Look at it', text: serves ? page : commandToGoOn(withoutExit(place)) },
    { name: 'Key', text: `"admin" in ${shownPath(keysFile)}` },
    { name: 'Talk to it', text: ['npx', 'rlcd', 'chat', ...kept] },
    { name: 'Take it', text: ['npx', 'rlcd', 'export', ...kept, '--to', 'peft', '--out', 'my-adapter'] },
    ...(serves ? [{ name: 'API', text: `${url}/reference` }] : []),
  ];
  return `\nNext\n${format(rows, columns)}\n`;
}
