/** Shows the answers behind a pair of affixes and asks whether it is to be taken, or which other one. */
import { createInterface } from 'node:readline/promises';
import type { ProposedPair } from '../../../shared/principles/proposals.ts';
import { printable } from '../../terminal/printable.ts';
import { formatAnswers, type MeasuredPair } from './format.ts';

/** @param best the place of the one that is offered first @returns null where none was taken */
export async function choosePair(found: readonly MeasuredPair[], best: number): Promise<ProposedPair | null> {
  if (!process.stdin.isTTY) {
    showAnswers(found, best);
    console.error('Nothing is written: read the table and the answers, and say --yes.');
    return null;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await answered(found, best, (question) => terminal.question(question));
  } finally {
    terminal.close();
  }
}

/**
 * Offers a pair, and another as often as its number is said.
 *
 * @param ask gives what was typed
 */
export async function answered(
  found: readonly MeasuredPair[],
  best: number,
  ask: (question: string) => Promise<string>,
): Promise<ProposedPair | null> {
  let place = best;
  for (;;) {
    const pair = showAnswers(found, place);
    if (pair === undefined) return null;
    const { positive, negative } = pair;
    const words = `${printable(positive).trim()} against ${printable(negative).trim()}`;
    const said = (await ask(`Use ${place + 1}, ${words}? [y/N, or the number of another] `)).trim();
    if (/^y(?:es)?$/i.test(said)) return pair;
    const other = /^\d+$/.test(said) ? Number(said) - 1 : -1;
    if (found[other] === undefined) return null;
    place = other;
  }
}

function showAnswers(found: readonly MeasuredPair[], place: number): ProposedPair | undefined {
  const shown = found[place];
  if (shown !== undefined) console.error(formatAnswers(shown.measured));
  return shown?.pair;
}
