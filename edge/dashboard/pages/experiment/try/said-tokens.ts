/** The tokens of an answer, each with what its own model and the other gave it. */
import type { ShownToken } from '../../../components/token-levels.ts';

/** A token as it was drawn. */
export interface SaidToken {
  /** Empty where it ends inside a character: the next one has all of it. */
  readonly text: string;
  /** Under the model that said it, nats. */
  readonly logProbability: number;
}

/**
 * What one model said, held against how likely the other finds the same words. Where the two cut the text into other tokens,
 * those that make a piece of it together are one, as likely as all of them.
 *
 * @param other the answer as the other model reads it; undefined where it was not asked or did not say
 * @returns undefined where the tokens do not make up the text
 */
export function comparedTokens(
  text: string,
  own: readonly SaidToken[],
  other: readonly SaidToken[] | undefined,
): readonly ShownToken[] | undefined {
  const mine = whole(own);
  if (mine.length === 0 || textOf(mine) !== text) return undefined;
  const theirs = whole(other ?? []);
  if (textOf(theirs) !== text) {
    return mine.map(({ text: said, logProbability }) => ({
      text: said,
      policy: logProbability,
      base: Number.NaN,
    }));
  }
  const cuts = new Set(endsOf(theirs));
  const shared = new Set(endsOf(mine).filter((end) => cuts.has(end)));
  const [left, right] = [joined(mine, shared), joined(theirs, shared)];
  return left.map(({ text: said, logProbability }, index) => ({
    text: said,
    policy: logProbability,
    base: right[index]?.logProbability ?? Number.NaN,
  }));
}

const textOf = (tokens: readonly SaidToken[]) => tokens.map(({ text }) => text).join('');

/** Where each token ends, in characters of the answer. */
function endsOf(tokens: readonly SaidToken[]): number[] {
  let end = 0;
  return tokens.map(({ text }) => (end += text.length));
}

/** The tokens up to each of some ends as one; one that ends inside a character belongs to the next. */
function joined(tokens: readonly SaidToken[], ends: ReadonlySet<number>): SaidToken[] {
  const found: SaidToken[] = [];
  let [text, logProbability, end] = ['', 0, 0];
  for (const token of tokens) {
    text += token.text;
    logProbability += token.logProbability;
    end += token.text.length;
    if (token.text === '' || !ends.has(end)) continue;
    found.push({ text, logProbability });
    [text, logProbability] = ['', 0];
  }
  return found;
}

/** Tokens that make a character together are one, as likely as all of them. */
const whole = (tokens: readonly SaidToken[]) => joined(tokens, new Set(endsOf(tokens)));
