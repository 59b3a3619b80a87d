/** Whether an answer stands in the published OpenAPI document: its status, and the media type that it has there. */
import { z } from 'zod';
import type { Harness } from '../harness.ts';

const response = z.object({ content: z.record(z.string(), z.unknown()).optional() });
const operation = z.object({ operationId: z.string(), responses: z.record(z.string(), response) });
const documentForm = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** @returns says what is wrong with an answer of an operation; undefined: it is told so */
export async function readDocumented({
  fetch,
}: Harness): Promise<(operationId: string, answer: Response) => string | undefined> {
  const { paths } = documentForm.parse(await (await fetch('/openapi.json')).json());
  const operations = new Map(
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId, responses }) => [operationId, responses]),
  );
  return (operationId, { status, headers }) => {
    const told = operations.get(operationId)?.[status];
    if (!told) return `${status} is not in the document`;
    const type = headers.get('content-type')?.split(';', 1)[0];
    const types = Object.keys(told.content ?? {});
    if (type === undefined || types.includes(type) || types.includes('*/*')) return undefined;
    return `${status} with ${type} is not in the document, which has ${types.join(', ') || 'no body'}`;
  };
}
