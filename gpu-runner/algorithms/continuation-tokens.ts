/** Token ids of a text that continues a prompt, tokenised apart from it and checked to read back as that text. */
import { AlgorithmInputError } from './algorithm-error.ts';

/** A text that the tokenizer cannot say: characters it does not know, or what reads as a special token. */
export class UnsayableTextError extends AlgorithmInputError {}

/** The part of a tokenizer that this needs. */
interface ContinuationTokenizer {
  encodeContinuation(text: string): Int32Array;
  decodeAfter(preceding: ArrayLike<number>, ids: ArrayLike<number>): string;
}

/**
 * Ids that read back as `continuation` after the prompt.
 *
 * @throws UnsayableTextError if the tokenizer cannot say this text
 */
export function continuationTokens(
  tokenizer: ContinuationTokenizer,
  promptTokens: Int32Array,
  continuation: string,
): Int32Array {
  for (const tokens of formsOf(tokenizer, continuation)) {
    if (tokenizer.decodeAfter(promptTokens, tokens) === continuation) return tokens;
  }
  throw new UnsayableTextError(
    `the tokenizer cannot say ${JSON.stringify(continuation.slice(0, 80))}: remove the characters it does not know`,
  );
}

/**
 * Tokenizers of the SentencePiece kind put a space of their own before a text. So a continuation that starts with one is tried
 * without it first; and one that starts with none, as answers to a chat do, is read behind the end of a line, where nothing is put.
 */
function* formsOf(tokenizer: ContinuationTokenizer, continuation: string): Generator<Int32Array> {
  if (continuation.startsWith(' ')) yield tokenizer.encodeContinuation(continuation.slice(1));
  yield tokenizer.encodeContinuation(continuation);
  const end = tokenizer.encodeContinuation('\n');
  const behind = tokenizer.encodeContinuation(`\n${continuation}`);
  if (end.every((token, place) => behind[place] === token)) yield behind.subarray(end.length);
}
