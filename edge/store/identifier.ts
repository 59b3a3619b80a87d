/** Identifiers of rows, and the bounds of those of a time. */
export { createIdentifier } from '../../shared/identifier.ts';

const LARGEST_TIME = 2 ** 48 - 1;

/** Not above any identifier of that time on, and above every one before. @param at milliseconds since the epoch */
export function leastIdentifier(at: number): string {
  const hexadecimal = Math.min(at, LARGEST_TIME).toString(16).padStart(12, '0');
  return `${hexadecimal.slice(0, 8)}-${hexadecimal.slice(8)}-7`;
}
