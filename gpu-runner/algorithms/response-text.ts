/** Sampled tokens as text, and the part of them that a preference model is to read. */
import { filterResponse } from '../../shared/dialogue/filter-response.ts';
import { NEXT_TURN, terminalText } from '../../shared/dialogue/terminal-text.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import { promptOf, responseOf, type Sequence } from '../llama/model/sequence.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';

const REPLACEMENT = '\u{fffd}';
const NOTHING = new Int32Array();

/** A response as text. */
export interface ResponseText {
  readonly text: string;
  /** The response ended as texts of its form end: by the end token (prefix), by the next turn (dialogue, chat). */
  readonly ended: boolean;
  /**
   * Leading tokens that make up what is scored: to the stop (dialogue), to the last whole sentence (prefix), to the end or, of
   * an answer that ran to its limit, the last whole sentence (chat).
   */
  readonly scoredTokens: number;
  /** What is read behind them: the end of a chat's turn that ran to its limit, as every pair of the training has it. */
  readonly closing: Int32Array;
}

/** Prompt and response as a preference model reads them: up to the last token that is scored, and closed. */
export function scoredPart(
  { tokens, start }: Sequence<Int32Array>,
  { scoredTokens, closing }: Pick<ResponseText, 'scoredTokens' | 'closing'>,
): Int32Array {
  const scored = tokens.subarray(0, start + scoredTokens);
  return closing.length === 0 ? scored : Int32Array.of(...scored, ...closing);
}

/** What an answer that ran to its limit is closed with; a text may be longer by so many tokens than what was sampled. */
export function closingTokens(
  tokenizer: Pick<Tokenizer, 'encodeContinuation'>,
  form: PromptForm,
): Int32Array {
  return form === 'chat' ? tokenizer.encodeContinuation(NEXT_TURN) : NOTHING;
}

/** The text that each token adds to one; part of a character reads as a replacement character. */
export function tokenTextReader(tokenizer: Tokenizer): (token: number) => string {
  // A token with text of its own, after which every other one shows its leading space.
  const before = tokenizer.encode('a').slice(-1);
  const known = new Map<number, string>();
  return (token) => {
    let text = known.get(token);
    if (text === undefined) {
      text = tokenizer.decodeAfter(before, [token]);
      known.set(token, text);
    }
    return text;
  };
}

/** Reads responses token by token, each token's own text being looked up once. */
export class ResponseReader {
  readonly #tokenizer: Tokenizer;
  readonly #form: PromptForm;
  readonly #closing: Int32Array;
  readonly #textOf: (token: number) => string;

  constructor(tokenizer: Tokenizer, form: PromptForm) {
    this.#tokenizer = tokenizer;
    this.#form = form;
    this.#closing = closingTokens(tokenizer, form);
    this.#textOf = tokenTextReader(tokenizer);
  }

  /** @param sequence with the end token where it was sampled */
  read(sequence: Sequence<Int32Array>): ResponseText {
    const { text, offsets } = this.#ends(sequence);
    const terminal = terminalText(text);
    if (this.#form === 'dialogue' || (this.#form === 'chat' && terminal.complete)) {
      return {
        text: terminal.text,
        ended: terminal.complete,
        scoredTokens: tokensToCover(offsets, terminal.text.length),
        closing: NOTHING,
      };
    }
    const last = responseOf(sequence).at(-1) ?? -1;
    const ended = this.#form === 'prefix' && this.#tokenizer.eosTokens.includes(last);
    const kept = filterResponse(this.#form, text);
    const start = text.length - text.trimStart().length;
    return {
      text,
      ended,
      scoredTokens: kept.accepted ? tokensToCover(offsets, start + kept.response.length) : offsets.length,
      closing: this.#tokenizer.eosTokens.includes(last) ? NOTHING : this.#closing,
    };
  }

  /**
   * How long the response's text, as {@link read} gives it, is after each token that has a part in it. The token that
   * ends it counts among them though it has no text; those after a dialogue's stop do not.
   */
  tokenEnds(sequence: Sequence<Int32Array>, { text }: Pick<ResponseText, 'text'>): number[] {
    const { offsets } = this.#ends(sequence);
    let last = tokensToCover(offsets, text.length);
    if (offsets[last] === text.length) last += 1;
    const ends = offsets.slice(0, last);
    // Half a character decodes to more marks than the whole one has units: no end lies behind a later one.
    for (let index = last - 1, most = text.length; index >= 0; index--) {
      most = Math.min(most, ends[index] ?? most);
      ends[index] = most;
    }
    return ends;
  }

  /** The whole text, and how long it is after each token. */
  #ends(sequence: Sequence<Int32Array>): { text: string; offsets: number[] } {
    let text = '';
    const offsets: number[] = [];
    for (const token of responseOf(sequence)) {
      const piece = this.#textOf(token);
      if (piece.includes(REPLACEMENT)) return this.#slowEnds(sequence);
      text += piece;
      offsets.push(text.length);
    }
    return { text, offsets };
  }

  /** The same where a character spans several tokens: decodes every prefix. */
  #slowEnds(sequence: Sequence<Int32Array>): { text: string; offsets: number[] } {
    const [promptTokens, tokens] = [promptOf(sequence), responseOf(sequence)];
    const offsets = Array.from(tokens, (_, index) => {
      return this.#tokenizer.decodeAfter(promptTokens, tokens.subarray(0, index + 1)).length;
    });
    return { text: this.#tokenizer.decodeAfter(promptTokens, tokens), offsets };
  }
}

/** Fewest leading tokens whose text is at least `length` long. */
function tokensToCover(offsets: readonly number[], length: number): number {
  const found = offsets.findIndex((offset) => offset >= length);
  return found === -1 ? offsets.length : found + 1;
}
