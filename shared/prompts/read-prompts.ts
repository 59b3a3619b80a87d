/** The prompts of a file that someone brings: the one reader of command line and API. */
import { fileRows, type FileFormat } from './file-rows.ts';
import type { LeftOutReason } from './left-out.ts';
import { readRow, type PromptRow } from './read-row.ts';
import { RowError } from './row-error.ts';

export interface ReadingOptions {
  /** Undefined: JSON by its first character. */
  readonly format?: FileFormat | undefined;
  /** The column that holds the prompt; undefined: by its name. */
  readonly promptColumn?: string | undefined;
}

/** What became of a row. */
export type ReadRow =
  | { readonly line: number; readonly row: PromptRow }
  | { readonly line: number; readonly leftOut: LeftOutReason }
  | { readonly line: number; readonly fault: string };

/** @throws DataFileError naming the line after which the file cannot be read on */
export async function* readPrompts(
  chunks: AsyncIterable<Uint8Array>,
  { format, promptColumn }: ReadingOptions = {},
): AsyncGenerator<ReadRow> {
  for await (const fileRow of fileRows(chunks, format)) {
    const { line, columns } = fileRow;
    if (columns === undefined) {
      yield { line, fault: fileRow.fault };
      continue;
    }
    try {
      const row = readRow(columns, promptColumn);
      yield typeof row === 'string' ? { line, leftOut: row } : { line, row };
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      yield { line, fault: error.message };
    }
  }
}
