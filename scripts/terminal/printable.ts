/** Text of models and runners as a terminal may show it. */
import { stripVTControlCharacters } from 'node:util';

/** Without anything that steers a terminal: control sequences go, other control characters become spaces. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

/** The same of a text whose lines stay: character by character, so that it may come in parts. */
export function printableLines(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ');
}
