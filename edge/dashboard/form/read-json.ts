/** JSON that somebody typed. */
import type { FieldError } from '../../../shared/api/field-errors.ts';

interface ReadJson {
  /** Undefined where it cannot be read. */
  readonly value: unknown;
  readonly faults: readonly FieldError[];
}

/** @param pointer of the field that holds it, in the body */
export function readJson(text: string, pointer: string): ReadJson {
  try {
    return { value: JSON.parse(text), faults: [] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const detail = text.trim() === '' ? 'must not be empty' : `is not JSON: ${error.message}`;
    return { value: undefined, faults: [{ in: 'body', pointer, detail }] };
  }
}
