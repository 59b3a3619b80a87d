/** Texts that every store and every client keeps unchanged. */
import { LeftOut } from './left-out.ts';
import { RowError } from './row-error.ts';

/** Characters of a prompt or a response. */
const MAXIMUM_TEXT = 50_000;

/** @throws LeftOut where it is too long; RowError where it holds NUL or half a character */
export function usableText(column: string, text: string): string {
  if (!text.isWellFormed() || text.includes('\0')) {
    throw new RowError(`${column}: must be well-formed Unicode without the NUL character`);
  }
  if (text.length > MAXIMUM_TEXT) throw new LeftOut('too-long');
  return text;
}

/** A dialogue that was written on Windows, with the line ends that its labels have everywhere else. */
export function withPlainLabels(text: string): string {
  const isForeign = /\r\n\r\n(?:Human|Assistant):/.test(text) && !text.includes('\n\nAssistant:');
  return isForeign ? text.replaceAll('\r\n', '\n') : text;
}
