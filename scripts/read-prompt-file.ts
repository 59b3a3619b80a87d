/** Reads a file of prompts that someone named on a command line, whole, as the API would read it. */
import { UsageError } from '../shared/command-line/usage-error.ts';
import { DataFileError } from '../shared/prompts/errors.ts';
import { formatOfName } from '../shared/prompts/file-rows.ts';
import { readPrompts, type ReadingOptions } from '../shared/prompts/read-prompts.ts';
import type { PromptRow } from '../shared/prompts/read-row.ts';
import { oneChunk, readUserBytes } from './read-user-file.ts';

/** So many faults and lines are shown. */
const SHOWN = 5;

/** The rows of a file, and what was left out: `2 empty (lines 4, 9), 1 too-long (line 7)`, or nothing. */
export interface PromptRows {
  readonly rows: readonly PromptRow[];
  readonly leftOut: string;
}

export interface PromptFile extends PromptRows {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ReadingOptions;
}

/**
 * @param named the file as it was asked for, such as `--prompts stories.txt`
 * @param given the format where it is given: else by the file's name, and then by its first character
 * @throws UsageError naming the lines that are wrong, or where no row is of use
 */
export async function readPromptFile(
  named: string,
  file: string,
  given: ReadingOptions = {},
): Promise<PromptFile> {
  const bytes = await readUserBytes(named, file);
  const options = { ...given, format: given.format ?? formatOfName(file) };
  return { bytes, options, ...(await rowsOfBytes(named, bytes, options)) };
}

/** @throws UsageError as {@link readPromptFile} */
export async function rowsOfBytes(
  named: string,
  bytes: Uint8Array,
  options: ReadingOptions,
): Promise<PromptRows> {
  const rows: PromptRow[] = [];
  const leftOut = new Map<string, number[]>();
  const faults: string[] = [];
  try {
    for await (const read of readPrompts(oneChunk(bytes), options)) {
      if ('row' in read) rows.push(read.row);
      else if ('fault' in read) faults.push(`line ${read.line}: ${read.fault}`);
      else {
        const lines = leftOut.get(read.leftOut) ?? [];
        leftOut.set(read.leftOut, lines);
        lines.push(read.line);
      }
    }
  } catch (error) {
    if (!(error instanceof DataFileError)) throw error;
    faults.push(error.message);
  }
  if (faults.length > 0) {
    const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} lines more` : '';
    throw new UsageError(`${named} cannot be used: ${faults.slice(0, SHOWN).join('; ')}${more}`);
  }
  const reasons = [...leftOut].map(([reason, lines]) => `${lines.length} ${reason} (${linesInWords(lines)})`);
  if (rows.length === 0) {
    const why = reasons.length > 0 ? `holds no row of use: ${reasons.join(', ')}` : 'holds no prompt';
    throw new UsageError(
      `${named} ${why}: give one prompt a row, or stories with <|endoftext|> between them`,
    );
  }
  return { rows, leftOut: reasons.join(', ') };
}

function linesInWords(lines: readonly number[]): string {
  const [word, more] = [lines.length === 1 ? 'line' : 'lines', lines.length > SHOWN ? ', ...' : ''];
  return `${word} ${lines.slice(0, SHOWN).join(', ')}${more}`;
}
