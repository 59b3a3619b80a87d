/** Reads an artifact of JSON lines from the blob store, one checked value at a time. */
import type { z } from 'zod';
import { damaged, invalidRequest, type DomainError } from '../domain/errors.ts';
import { openArtifact } from '../store/artifact-bytes.ts';
import { chunksOf } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { firstIssue } from '../../shared/first-issue.ts';

/** A line, or where the text ends because it is not UTF-8. */
type Line = string | TypeError;

async function* textLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let fault: TypeError | undefined;
  const decode = (bytes?: Uint8Array): string[] => {
    if (fault) return [];
    try {
      return (rest + decoder.decode(bytes, { stream: bytes !== undefined })).split('\n');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      fault = error;
      return [''];
    }
  };
  for await (const bytes of chunksOf(stream)) {
    const lines = decode(bytes);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield* decode();
  if (fault) yield fault;
}

/**
 * @param output the output's name, for the problem
 * @throws DomainError `artifact-damaged` where the stored bytes are not those of the hash, else `invalid-request` naming
 *   the first line that is not what the output must hold; both behind the last line
 */
export async function* readJsonLines<Form extends z.ZodType>(
  store: Store,
  sha256: string,
  output: string,
  form: Form,
): AsyncGenerator<z.output<Form>> {
  const stream = await openArtifact(store, sha256);
  if (!stream) throw damaged(sha256);
  let number = 0;
  let found: DomainError | undefined;
  for await (const line of textLines(stream)) {
    number += 1;
    // Damage may look like anything: whose fault it is shows at the end alone.
    if (found || line === '') continue;
    const read = readLine(line, form);
    if ('value' in read) yield read.value;
    else {
      const detail = `${output} line ${number}: ${read.fault}`;
      found = invalidRequest([{ in: 'body', pointer: '#/outputs', detail }]);
    }
  }
  if (found) throw found;
}

function readLine<Form extends z.ZodType>(
  line: Line,
  form: Form,
): { readonly value: z.output<Form> } | { readonly fault: string } {
  if (line instanceof TypeError) return { fault: 'is not UTF-8' };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: 'is not JSON' };
  }
  const parsed = form.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const { field, fault } = firstIssue(parsed.error);
  return { fault: `${field} ${fault}` };
}
