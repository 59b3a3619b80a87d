/** What is wrong with a request before it is sent: the contract's own schemas say it, in the words of the API. */
import type { AnyInput } from '../../../shared/api/client.ts';
import { contract, type OperationId } from '../../../shared/api/contract.ts';
import { isBytes, type Endpoint } from '../../../shared/api/endpoint.ts';
import { fieldErrors, type FieldError } from '../../../shared/api/field-errors.ts';

/** Every wrong field; empty where the contract allows the request. What only the store knows is said by the API. */
export function faultsOf(operation: OperationId, input: AnyInput): FieldError[] {
  const { parameters, query, body }: Endpoint = contract[operation];
  const parts = [
    ['path', parameters, input.parameters],
    ['query', query, input.query],
    ['body', body && !isBytes(body) ? body : undefined, input.body],
  ] as const;
  return parts.flatMap(([place, schema, value]) => {
    const checked = schema?.safeParse(value);
    return checked === undefined || checked.success ? [] : fieldErrors(place, checked.error.issues);
  });
}

/** Whether an error is of the field at a pointer, or of something in it: a part of a document, a line of a file. */
export function isOf(error: FieldError, pointer: string): boolean {
  return (
    error.pointer === pointer ||
    (/^[/ ]/.test(error.pointer.slice(pointer.length)) && error.pointer.startsWith(pointer))
  );
}
