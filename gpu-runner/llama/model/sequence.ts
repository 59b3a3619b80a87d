/** A prompt and its response as one row of tokens: joined once, and passed on from the sampler to the gradient. */

export interface Sequence<Tokens extends ArrayLike<number> = ArrayLike<number>> {
  /** Prompt and response, BOS included. */
  readonly tokens: Tokens;
  /**
   * Where the response begins, and scoring or learning with it: the index of the first scored token, at least 1, as each
   * is scored given all before it.
   */
  readonly start: number;
  /** Also scores the place after the last token: its hidden state is that of the whole sequence. */
  readonly scoresEnd?: boolean;
}

/** The response behind its prompt. */
export function sequenceOf(prompt: ArrayLike<number>, response: ArrayLike<number>): Sequence<Int32Array> {
  const tokens = new Int32Array(prompt.length + response.length);
  tokens.set(prompt);
  tokens.set(response, prompt.length);
  return { tokens, start: prompt.length };
}

/** The prompt's tokens (a view). */
export function promptOf({ tokens, start }: Sequence<Int32Array>): Int32Array {
  return tokens.subarray(0, start);
}

/** The response's tokens (a view). */
export function responseOf({ tokens, start }: Sequence<Int32Array>): Int32Array {
  return tokens.subarray(start);
}

/** A text whose only scored place is its last position. @throws RangeError for a text without a token */
export function lastOf(tokens: ArrayLike<number>): Sequence {
  if (tokens.length === 0) throw new RangeError('A text needs at least one token, such as BOS');
  // The score of a place is read where its token would be predicted: one past the end reads the last position.
  return { tokens, start: tokens.length, scoresEnd: true };
}

/** How many places of a sequence are scored. */
export function scoredCount({ tokens, start, scoresEnd = false }: Sequence): number {
  return Math.max(0, tokens.length - start + (scoresEnd ? 1 : 0));
}

/** Tokens of the longest sequence, 1 where there is none. */
export function longestOf(sequences: readonly Sequence[]): number {
  return sequences.reduce((most, { tokens }) => Math.max(most, tokens.length), 1);
}
