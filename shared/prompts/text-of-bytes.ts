/** The text of a file as it comes: unpacked where it is gzip, in UTF-8 or UTF-16, with or without its mark. */
import { DataFileError } from './errors.ts';

/** Unpacked; the same as an upload may have. */
const MAXIMUM_BYTES = 512 * 1024 * 1024;
/** Enough to see what a file is. */
const START_BYTES = 64 * 1024;

/**
 * Pieces of text; the first holds the file's first 64 KiB, or all of it.
 *
 * @throws DataFileError for damaged gzip, more than `maximumBytes` once unpacked, or bytes that are no text, by line
 */
export async function* textOfBytes(
  chunks: AsyncIterable<Uint8Array>,
  maximumBytes = MAXIMUM_BYTES,
): AsyncGenerator<string> {
  const packed = withStart(chunks);
  const first = await packed.next();
  if (first.done) return;
  refuseTable(first.value);
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const unpacked = isGzip ? withStart(gunzip(prepend(first.value, packed), maximumBytes)) : packed;
  const start = isGzip ? await unpacked.next() : first;
  if (start.done) return;
  yield* decoded(prepend(start.value, unpacked), encodingOf(start.value));
}

/** Tables that are no text, by how they begin, and how pandas reads them. */
const TABLES = [
  { start: 'PAR1', name: 'a Parquet file', reader: 'read_parquet' },
  { start: 'ARROW1', name: 'an Arrow file', reader: 'read_feather' },
  { start: 'PK\u0003\u0004', name: 'an Excel file or another zip archive', reader: 'read_excel' },
] as const;

/** @throws DataFileError for a table that has to be written as text first, and how */
function refuseTable(start: Uint8Array): void {
  const first = String.fromCharCode(...start.subarray(0, 8));
  const table = TABLES.find((one) => first.startsWith(one.start));
  if (table === undefined) return;
  throw new DataFileError(
    1,
    `is ${table.name}: write it as JSON lines, such as by pandas.${table.reader}("FILE").to_json("prompts.jsonl", orient="records", lines=True) in Python`,
  );
}

/** The same bytes, the first piece at least {@link START_BYTES} where there are so many. */
async function* withStart(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    const joined: Uint8Array = new Uint8Array(start.length + chunk.length);
    joined.set(start);
    joined.set(chunk, start.length);
    start = joined;
    if (start.length < START_BYTES) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield start;
}

async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

async function* gunzip(chunks: AsyncGenerator<Uint8Array>, maximumBytes: number): AsyncGenerator<Uint8Array> {
  let broken: { readonly error: unknown } | undefined;
  const source = new ReadableStream<BufferSource>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      } catch (error) {
        broken = { error };
        controller.error(error);
      }
    },
  });
  const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (broken) throw broken.error;
        throw new DataFileError(1, 'the gzip data is damaged or cut off; send the file again', { cause });
      });
      if (done) return;
      bytes += value.byteLength;
      if (bytes > maximumBytes) {
        const fault = `unpacks to more than ${maximumBytes} bytes; send it in parts`;
        throw new DataFileError(1, fault);
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** By the mark; without one, a text of UTF-16 that begins in ASCII has a zero in its first two bytes. */
function encodingOf([first, second]: Uint8Array): Encoding {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

async function* decoded(chunks: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      const named = line + linesBeforeFault(chunk);
      const fault =
        encoding === 'utf-8'
          ? 'is not UTF-8; save the file as UTF-8, if it is text'
          : `is not ${encoding.toUpperCase()}`;
      throw new DataFileError(named, fault, { cause });
    }
  };
  for await (const chunk of chunks) {
    const text = decode(chunk);
    line += text.split('\n').length - 1;
    yield text;
  }
  yield decode();
}

/** Newlines before the first bytes of a piece that are not UTF-8. */
function linesBeforeFault(chunk: Uint8Array = new Uint8Array()): number {
  let lines = 0;
  for (let start = 0; ; lines++) {
    const end = chunk.indexOf(0x0a, start);
    if (end < 0) return lines;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(chunk.subarray(start, end));
    } catch {
      // The first line may begin with the end of a character that began in the piece before.
      if (start > 0 || !continuesCharacter(chunk)) return lines;
    }
    start = end + 1;
  }
}

const continuesCharacter = ([first = 0]: Uint8Array): boolean => (first & 0xc0) === 0x80;
