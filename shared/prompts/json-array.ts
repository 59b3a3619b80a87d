/** A JSON array of rows, read one element at a time. */
import { DataFileError } from './errors.ts';
import { MAXIMUM_ROW_CHARACTERS, rowOfJson, TOO_LONG, type FileRow, type RowParser } from './file-row.ts';

const ONE_AN_ELEMENT = 'write an array of JSON objects';
/** What changes where an element ends: strings, brackets, commas, lines. */
const MARK = /["\\[\]{},\n]/g;

/** Elements of one array: `[{...}, {...}]`. */
export function jsonArrayParser(): RowParser {
  let line = 1;
  /** Line on which the element began. */
  let began = 1;
  let element = '';
  let blank = true;
  let tooLong = false;
  /** Brackets that are open; 1 is the array's own, 0 after it. */
  let depth = 0;
  let opened = false;
  let inString = false;
  let escaped = false;

  const add = (part: string) => {
    if (blank && part.trim() !== '') {
      began = line;
      blank = false;
    }
    tooLong ||= element.length + part.length > MAXIMUM_ROW_CHARACTERS;
    element = tooLong ? '' : element + part;
  };
  const take = (): FileRow => {
    const text = element;
    const long = tooLong;
    element = '';
    blank = true;
    tooLong = false;
    return long ? { line: began, fault: TOO_LONG } : rowOfJson(began, text, ONE_AN_ELEMENT);
  };
  /** Outside strings. @returns whether the mark belongs to the element */
  const structure = (mark: string, rows: FileRow[]): boolean => {
    if (mark === '[' || mark === '{') {
      if (depth === 0 && opened) throw new DataFileError(line, 'goes on after the end of the array');
      opened = true;
      depth += 1;
      return depth > 1;
    }
    if (mark === ']' || mark === '}') {
      depth -= 1;
      if (depth > 0) return true;
      if (!blank) rows.push(take());
      return false;
    }
    if (mark !== ',' || depth > 1) return true;
    rows.push(take());
    return false;
  };

  return {
    push(piece) {
      const rows: FileRow[] = [];
      let start = 0;
      MARK.lastIndex = 0;
      if (escaped && piece !== '') {
        // The character after a backslash at the end of the piece before means nothing.
        escaped = false;
        MARK.lastIndex = 1;
        if (piece.startsWith('\n')) line += 1;
      }
      for (let match = MARK.exec(piece); match !== null; match = MARK.exec(piece)) {
        const [mark] = match;
        if (mark === '\n') {
          add(piece.slice(start, match.index + 1));
          start = match.index + 1;
          line += 1;
        } else if (mark === '\\') {
          if (!inString) continue;
          escaped = match.index + 1 >= piece.length;
          MARK.lastIndex = match.index + 2;
        } else if (mark === '"') {
          inString = !inString;
        } else if (!inString) {
          add(piece.slice(start, match.index));
          if (structure(mark, rows)) add(mark);
          start = match.index + 1;
        }
      }
      add(piece.slice(start));
      if (opened && depth === 0 && !blank) {
        throw new DataFileError(line, 'goes on after the end of the array');
      }
      return rows;
    },
    end() {
      if (depth > 0) throw new DataFileError(line, 'the array does not end: the file is cut off');
      return [];
    },
  };
}
