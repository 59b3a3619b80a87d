/** What a schema refuses, field by field, in the words of the API: the edge answers them, and forms show them before they ask. */
import type { $ZodIssue } from 'zod/v4/core';
import './fault-words.ts';
import type { Problem } from './problem.ts';

/** Which part of a request is wrong, and why. */
export type FieldError = NonNullable<Problem['errors']>[number];
export type Place = FieldError['in'];

const MOST_ERRORS = 50;

function pointerTo(place: Place, path: readonly PropertyKey[]): string {
  if (place !== 'body') return path.map(String).join('.');
  const segments = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `#${segments.join('')}`;
}

/**
 * Of a value that is none of several forms, the faults against the form that it comes nearest to: the objects whose kind
 * it says, then the fewest faults. Undefined where no form is an object, so that nothing can be said of a field.
 */
function nearestForm(forms: readonly (readonly $ZodIssue[])[]): readonly $ZodIssue[] | undefined {
  const faultsOf = (issues: readonly $ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return forms
    .filter((issues) => issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'))
    .toSorted((a, b) => faultsOf(a) - faultsOf(b))[0];
}

/** The errors of a failed validation of one part of a request, the first 50. */
export function fieldErrors(place: Place, issues: readonly $ZodIssue[]): FieldError[] {
  const told = (issue: $ZodIssue, above: readonly PropertyKey[]): FieldError[] => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, MOST_ERRORS).map((key) => ({
        in: place,
        pointer: pointerTo(place, [...path, key]),
        detail: 'is not a known field; leave it out',
      }));
    }
    const nearest = issue.code === 'invalid_union' ? nearestForm(issue.errors) : undefined;
    if (nearest) return nearest.flatMap((inner) => told(inner, path));
    return [{ in: place, pointer: pointerTo(place, path), detail: issue.message }];
  };
  return issues.slice(0, MOST_ERRORS).flatMap((issue) => told(issue, []));
}
