/** CSV, read as Python's csv module reads it: every line end ends a row, a quote opens a cell only at its beginning. */
import { DataFileError } from './errors.ts';
import { MAXIMUM_ROW_CHARACTERS, TOO_LONG, type FileRow, type RowParser } from './file-row.ts';

type State = 'row' | 'cell' | 'plain' | 'quoted' | 'quote';

/** The first line has the names of the columns. Cells are parted by commas, or by what its first line has instead. */
export function csvParser(): RowParser {
  let header: readonly string[] | undefined;
  let delimiter: string | undefined;
  let state: State = 'row';
  let afterReturn = false;
  let line = 1;
  let began = 1;
  let quoteOpened = 1;
  let cells: string[] = [];
  let cell = '';
  let length = 0;

  const endCell = () => {
    cells.push(cell);
    cell = '';
  };
  const endRow = (rows: FileRow[]) => {
    endCell();
    const row = rowOfCells();
    if (row) rows.push(row);
    cells = [];
    length = 0;
    state = 'row';
  };
  const rowOfCells = (): FileRow | undefined => {
    if (header === undefined) {
      header = cells.map((name) => name.trim());
      const twice = header.find((name, index) => header?.indexOf(name) !== index);
      if (twice !== undefined) throw new DataFileError(began, `names the column "${twice}" twice`);
      return undefined;
    }
    if (length > MAXIMUM_ROW_CHARACTERS) return { line: began, fault: TOO_LONG };
    if (cells.length !== header.length) {
      const fault = `has ${cells.length} cells, the header names ${header.length}; check quotes and commas`;
      return { line: began, fault };
    }
    return { line: began, columns: Object.fromEntries(header.map((name, index) => [name, cells[index]])) };
  };
  const add = (text: string) => {
    length += text.length;
    if (length <= MAXIMUM_ROW_CHARACTERS) cell += text;
  };

  /** One character that means something where it stands. */
  const step = (character: string, rows: FileRow[]) => {
    const ends = character === '\n' || character === '\r';
    if (state === 'quoted') {
      if (character === '"') state = 'quote';
      else add(character);
      return;
    }
    if (state === 'row') {
      if (ends) return;
      began = line;
      state = 'cell';
    }
    if (ends) endRow(rows);
    else if (character === delimiter) {
      endCell();
      state = 'cell';
    } else if (character === '"' && state === 'cell') {
      quoteOpened = line;
      state = 'quoted';
    } else if (character === '"' && state === 'quote') {
      add(character);
      state = 'quoted';
    } else {
      add(character);
      state = 'plain';
    }
  };

  return {
    push(piece) {
      delimiter ??= delimiterOf(piece);
      const rows: FileRow[] = [];
      for (let at = 0; at < piece.length; at++) {
        const character = piece.charAt(at);
        const startsLine = character === '\r' || (character === '\n' && !afterReturn);
        if (state === 'quoted' || state === 'plain') {
          // What means nothing goes over in one piece.
          const plain = /^[^"\r\n,;\t]+/.exec(piece.slice(at, at + 4096))?.[0];
          if (plain !== undefined) {
            add(plain);
            at += plain.length - 1;
            afterReturn = false;
            continue;
          }
        }
        step(character, rows);
        if (startsLine) line += 1;
        afterReturn = character === '\r';
      }
      return rows;
    },
    end() {
      if (state === 'quoted') throw new DataFileError(quoteOpened, 'opens a quote that nothing closes');
      const rows: FileRow[] = [];
      if (state !== 'row') endRow(rows);
      return rows;
    },
  };
}

/** A comma, unless the line of the header has none and a tab or a semicolon. */
function delimiterOf(start: string): string {
  const head = /^[^\r\n]*/.exec(start)?.[0] ?? '';
  return [',', '\t', ';'].find((one) => head.includes(one)) ?? ',';
}

/** A table as CSV (RFC 4180), every row ended by \r\n. */
export function formatCsv(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [header, ...rows].map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('');
}

/** What a spreadsheet takes for a formula and runs, and what was guarded against that before. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** A text with an apostrophe before what would be a formula: spreadsheets show the text then, without the apostrophe. */
const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** The text that was guarded. */
export const unguarded = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;

/** In quotes where it would be read as something else, or by a spreadsheet without its outer spaces. */
function cellText(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : guarded(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
