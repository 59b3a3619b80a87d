/** Every operation has an example, and what it says is taken. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { contract, type OperationId } from '../../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../../shared/api/endpoint.ts';
import { exampleOf } from '../../../shared/api/examples.ts';
import { curlOf, typeScriptOf } from '../../../shared/api/request-text.ts';

const nothing = z.strictObject({});
const operations = Object.entries<Endpoint>(contract) as [OperationId, Endpoint][];

it.each(operations)('the example of %s is valid', (operation, { parameters, query, body }) => {
  const example = exampleOf(operation);
  (parameters ?? nothing).parse(example.parameters ?? {});
  (query ?? nothing).parse(example.query ?? {});
  if (body && !isBytes(body)) body.parse(example.body);
  const call = { operation, input: example, origin: 'http://127.0.0.1:8787' };
  expect(curlOf(call)).toContain('http://127.0.0.1:8787/v1/');
  expect(typeScriptOf(call)).toContain(`client.${operation}(`);
});
