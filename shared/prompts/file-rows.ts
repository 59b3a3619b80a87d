/** The rows of a file, whatever its form, one at a time. */
import { csvParser } from './csv.ts';
import { DataFileError } from './errors.ts';
import type { FileRow, RowParser } from './file-row.ts';
import { jsonArrayParser } from './json-array.ts';
import { jsonLineParser, textLineParser } from './lines.ts';
import { END_OF_STORY, storyParser } from './stories.ts';
import { textOfBytes } from './text-of-bytes.ts';

/** json: JSON lines, or one array; csv: with a header; text: a prompt a line, or stories with <|endoftext|> between. */
export type FileFormat = 'json' | 'csv' | 'text';

const FORMAT_OF_ENDING: Readonly<Record<string, FileFormat>> = {
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  csv: 'csv',
  tsv: 'csv',
  txt: 'text',
};

/** By the ending of its name, `.gz` not counted; undefined where that tells nothing. */
export function formatOfName(file: string): FileFormat | undefined {
  return FORMAT_OF_ENDING[/\.([a-z]+)(?:\.gz)?$/i.exec(file)?.[1]?.toLowerCase() ?? ''];
}

/** How a request names a format. */
export function typeOfFormat(format: FileFormat): string {
  return { json: 'application/jsonl', csv: 'text/csv', text: 'text/plain' }[format];
}

/** By a media type; what is none of a table and none of text is JSON. */
export function formatOfType(mediaType: string | null): FileFormat {
  const type = mediaType?.toLowerCase() ?? '';
  if (type.startsWith('text/plain')) return 'text';
  return type.startsWith('text/') ? 'csv' : 'json';
}

/**
 * @param format undefined: JSON by its first character
 * @throws DataFileError where the file cannot be read on
 */
export async function* fileRows(
  chunks: AsyncIterable<Uint8Array>,
  format: FileFormat | undefined,
): AsyncGenerator<FileRow> {
  let parser: RowParser | undefined;
  for await (const piece of textOfBytes(chunks)) {
    parser ??= parserOf(piece, format);
    yield* parser.push(piece);
  }
  if (parser) yield* parser.end();
}

/** @param start the first 64 KiB */
function parserOf(start: string, format: FileFormat | undefined): RowParser {
  if (format === 'csv') return csvParser();
  if (format === 'text') return start.includes(END_OF_STORY) ? storyParser() : textLineParser();
  const first = start.trimStart().charAt(0);
  if (format === undefined && !['', '{', '[', '"'].includes(first)) {
    throw new DataFileError(1, 'is no JSON: name the file .csv or .txt if it is one of these');
  }
  return first === '[' ? jsonArrayParser() : jsonLineParser();
}
