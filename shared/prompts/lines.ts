/** Files of one row a line: JSON lines, and plain text. Lines end with \n, \r\n or \r, each as it comes. */
import { MAXIMUM_ROW_CHARACTERS, rowOfJson, TOO_LONG, type FileRow, type RowParser } from './file-row.ts';

/** @param read a line that is not white space; no row where it gives undefined */
function lineParser(read: (line: number, text: string) => FileRow): RowParser {
  let line = 1;
  let text = '';
  let tooLong = false;
  let afterReturn = false;
  const add = (part: string) => {
    tooLong ||= text.length + part.length > MAXIMUM_ROW_CHARACTERS;
    // What is over the limit is not kept.
    text = tooLong ? '' : text + part;
  };
  const take = (): FileRow[] => {
    const rows: FileRow[] = [];
    if (tooLong) rows.push({ line, fault: TOO_LONG });
    else if (text.trim() !== '') rows.push(read(line, text));
    line += 1;
    text = '';
    tooLong = false;
    return rows;
  };
  return {
    push(piece) {
      if (piece === '') return [];
      // A \r\n may lie on both sides of the border of two pieces.
      const joined = afterReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
      afterReturn = piece.endsWith('\r');
      const parts = joined.split(/\r\n?|\n/);
      const rows: FileRow[] = [];
      for (const part of parts.slice(0, -1)) {
        add(part);
        rows.push(...take());
      }
      add(parts.at(-1) ?? '');
      return rows;
    },
    end: take,
  };
}

const ONE_A_LINE = 'write one JSON object a line';

/** One JSON object a line. */
export function jsonLineParser(): RowParser {
  return lineParser((line, text) => rowOfJson(line, text, ONE_A_LINE));
}

/** One prompt a line. */
export function textLineParser(): RowParser {
  return lineParser((line, text) => ({ line, columns: { prompt: text.trim() } }));
}
