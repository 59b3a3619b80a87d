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
 * As far as both answers say the same, each token stood behind the same text in both, so that what one model gave it can be
 * held against what the other did. From where they part a token's own model alone has been asked of it.
 *
 * @returns undefined where the tokens do not make up the text
 */
export function comparedTokens(
  text: string,
  own: readonly SaidToken[],
  other: readonly SaidToken[],
): readonly ShownToken[] | undefined {
  const [mine, theirs] = [whole(own), whole(other)];
  if (mine.length === 0 || mine.map((token) => token.text).join('') !== text) return undefined;
  const parting = mine.findIndex((token, index) => token.text !== theirs[index]?.text);
  const shared = parting === -1 ? mine.length : parting;
  return mine.map(({ text: said, logProbability }, index) => ({
    text: said,
    policy: logProbability,
    base: index < shared ? (theirs[index]?.logProbability ?? Number.NaN) : Number.NaN,
  }));
}

/** Tokens that make a character together are one, as likely as all of them. */
function whole(tokens: readonly SaidToken[]): SaidToken[] {
  const found: SaidToken[] = [];
  let before = 0;
  for (const { text, logProbability } of tokens) {
    before += logProbability;
    if (text === '') continue;
    found.push({ text, logProbability: before });
    before = 0;
  }
  return found;
}
