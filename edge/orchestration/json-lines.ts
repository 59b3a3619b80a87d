/** Reads an artifact of JSON lines from the blob store, one checked value at a time. */
import type { z } from 'zod';
import { invalidRequest } from '../domain/errors.ts';
import { openArtifact } from '../store/artifact-bytes.ts';
import type { Store } from '../store/database.ts';
import { firstIssue } from '../../shared/first-issue.ts';

async function* textLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}

/**
 * @param output the output's name, for the problem
 * @throws DomainError `invalid-request` naming the first line that is not what the output must hold
 */
export async function* readJsonLines<Line extends z.ZodType>(
  store: Store,
  sha256: string,
  output: string,
  form: Line,
): AsyncGenerator<z.output<Line>> {
  const fault = (line: number, detail: string) =>
    invalidRequest([{ in: 'body', pointer: '#/outputs', detail: `${output} line ${line}: ${detail}` }]);
  const stream = await openArtifact(store, sha256);
  if (!stream) throw fault(0, 'the bytes are not stored; put the artifact first');
  let number = 0;
  try {
    for await (const line of textLines(stream)) {
      number += 1;
      if (line === '') continue;
      const parsed = form.safeParse(JSON.parse(line));
      if (!parsed.success) {
        const issue = firstIssue(parsed.error);
        throw fault(number, `${issue.field} ${issue.fault}`);
      }
      yield parsed.data;
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw fault(number, 'is not JSON');
    if (error instanceof TypeError) throw fault(number + 1, 'is not UTF-8');
    throw error;
  }
}
