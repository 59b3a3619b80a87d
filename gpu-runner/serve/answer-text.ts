/** Drawn tokens to text as they come: nothing is told that a later token could still change or a stop text take back. */
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import type { SpokenToken } from './sampling-calls.ts';

/** Half a character decodes to this. */
const REPLACEMENT = '\u{fffd}';
/** Tokens of the prompt before the answer, by which its first space is kept or not. */
const CONTEXT_TOKENS = 8;

/** What can be told now. */
interface Told {
  readonly text: string;
  readonly tokens: readonly SpokenToken[];
  /** A stop text was found: what follows belongs to nobody. */
  readonly stopped: boolean;
}

interface Held extends SpokenToken {
  /** Length of the whole answer behind it. */
  readonly end: number;
}

/** One answer. */
export class AnswerText {
  readonly #tokenizer: Tokenizer;
  readonly #stops: readonly string[];
  /** Tokens from the last whole character on, after some that show how it is joined. */
  #ids: number[];
  /** Of {@link #ids}: how many were told as text. */
  #read: number;
  #text = '';
  #told = 0;
  #held: Held[] = [];
  #stopped = false;

  /** @param stops texts that end the answer and are no part of it */
  constructor(tokenizer: Tokenizer, prompt: ArrayLike<number>, stops: readonly string[]) {
    this.#tokenizer = tokenizer;
    this.#stops = stops;
    this.#ids = Array.from(prompt).slice(-CONTEXT_TOKENS);
    this.#read = this.#ids.length;
  }

  /** Takes tokens that follow. @param last whether none will follow them */
  push(tokens: readonly number[], logProbabilities: readonly number[], last: boolean): Told {
    if (this.#stopped) return { text: '', tokens: [], stopped: true };
    tokens.forEach((token, index) => {
      const text = this.#pieceOf(token);
      this.#text += text;
      this.#held.push({ text, logProbability: logProbabilities[index] ?? 0, end: this.#text.length });
    });
    if (last) this.#text += this.#rest();
    const longest = Math.max(0, ...this.#stops.map(({ length }) => length));
    const cut = firstOf(this.#text, this.#stops, Math.max(0, this.#told - longest));
    this.#stopped = cut !== undefined;
    const end = cut ?? this.#text.length - (last ? 0 : heldBack(this.#text, this.#stops));
    // A stop text is found before any of it was told.
    const text = this.#text.slice(this.#told, end);
    this.#told = end;
    return { text, tokens: this.#tokensTo(end, last || this.#stopped), stopped: this.#stopped };
  }

  #pieceOf(token: number): string {
    this.#ids.push(token);
    const before = this.#tokenizer.decode(this.#ids.slice(0, this.#read));
    const after = this.#tokenizer.decode(this.#ids);
    if (after.length <= before.length || after.endsWith(REPLACEMENT)) return '';
    const piece = after.slice(before.length);
    const kept = Math.max(0, this.#ids.length - CONTEXT_TOKENS);
    this.#ids = this.#ids.slice(kept);
    this.#read = this.#ids.length;
    return piece;
  }

  /** What a cut character leaves. */
  #rest(): string {
    const before = this.#tokenizer.decode(this.#ids.slice(0, this.#read));
    return this.#tokenizer.decode(this.#ids).slice(before.length);
  }

  #tokensTo(end: number, all: boolean): SpokenToken[] {
    let count = this.#held.findIndex((token) =>
      all ? token.end - token.text.length >= end : token.end > end,
    );
    if (count === -1) count = this.#held.length;
    return this.#held.splice(0, count).map(({ text, logProbability }) => ({ text, logProbability }));
  }
}

/** Where the first of some texts begins. */
function firstOf(text: string, stops: readonly string[], from: number): number | undefined {
  const places = stops.map((stop) => text.indexOf(stop, from)).filter((place) => place !== -1);
  return places.length === 0 ? undefined : Math.min(...places);
}

/** How many characters at the end of a text may be the beginning of a stop text. */
function heldBack(text: string, stops: readonly string[]): number {
  let most = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > most; length--) {
      if (text.endsWith(stop.slice(0, length))) most = length;
    }
  }
  return most;
}
