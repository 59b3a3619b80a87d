/** Unigram tokenization: the pieces of a word with the largest sum of scores, and byte tokens for what has none. */
import { z } from 'zod';
import { bytePiece } from '../tokenizer-json.ts';

export const unigramSchema = z.looseObject({
  type: z.literal('Unigram'),
  unk_id: z.int().min(0).nullish(),
  byte_fallback: z.boolean().default(false),
  vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
});

/** An unknown character costs this much more than the rarest piece. */
const UNKNOWN_PENALTY = 10;

interface Best {
  readonly from: number;
  readonly id: number | null;
  readonly score: number;
}

const encoder = new TextEncoder();

export class Unigram {
  readonly #scores: Float64Array;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #unknown: number | null;
  readonly #unknownScore: number;
  readonly #byteIds: readonly (number | undefined)[] | null;
  /** In UTF-16 units. */
  readonly #longest: number;

  constructor({ vocab, unk_id: unknown, byte_fallback: bytes }: z.infer<typeof unigramSchema>) {
    this.#scores = Float64Array.from(vocab, ([, score]) => score);
    this.#ids = new Map(vocab.map(([text], id) => [text, id]));
    this.#unknown = unknown ?? null;
    this.#unknownScore =
      vocab.reduce((least, [, score]) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    this.#byteIds = bytes ? Array.from({ length: 256 }, (_, byte) => this.#ids.get(bytePiece(byte))) : null;
    this.#longest = vocab.reduce((longest, [text]) => Math.max(longest, text.length), 1);
  }

  /** Ids of one word. @throws RangeError if a character has no piece and the model no unknown token */
  encode(word: string): number[] {
    const ids: number[] = [];
    let unknown = '';
    const flush = (): void => {
      if (unknown !== '') ids.push(...this.#idsOfUnknown(unknown));
      unknown = '';
    };
    for (const { text, id } of this.#best(word)) {
      if (id === null) unknown += text;
      else {
        flush();
        ids.push(id);
      }
    }
    flush();
    return ids;
  }

  /** Neighbouring unknown characters are one token, unless their bytes have tokens of their own. */
  #idsOfUnknown(text: string): number[] {
    const whole = this.#ids.get(text);
    if (whole !== undefined) return [whole];
    const bytes = Array.from(encoder.encode(text), (byte) => this.#byteIds?.[byte]);
    if (bytes.every((id) => id !== undefined)) return bytes;
    if (this.#unknown !== null) return [this.#unknown];
    throw new RangeError(
      `the tokenizer has no token for ${JSON.stringify(text.slice(0, 40))} and no unknown token`,
    );
  }

  /** Viterbi over the places between characters; of equal scores the piece that begins first wins. */
  #best(word: string): { text: string; id: number | null }[] {
    const best: (Best | undefined)[] = Array.from({ length: word.length + 1 });
    best[0] = { from: 0, id: null, score: 0 };
    for (let from = 0; from < word.length; from += (word.codePointAt(from) ?? 0) > 0xffff ? 2 : 1) {
      const character = (word.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
      const before = best[from]?.score ?? 0;
      const offer = (end: number, id: number | null, score: number): void => {
        const there = best[end];
        if (there === undefined || before + score > there.score)
          best[end] = { from, id, score: before + score };
      };
      let single = false;
      for (let end = from + 1; end <= Math.min(word.length, from + this.#longest); end++) {
        const id = this.#ids.get(word.slice(from, end));
        if (id === undefined) continue;
        offer(end, id === this.#unknown ? null : id, this.#scores[id] ?? 0);
        single ||= end === from + character;
      }
      if (!single) offer(from + character, null, this.#unknownScore);
    }
    const pieces: { text: string; id: number | null }[] = [];
    for (let end = word.length; end > 0;) {
      const piece = best[end];
      if (piece === undefined) throw new RangeError('no pieces make up the word');
      pieces.push({ text: word.slice(piece.from, end), id: piece.id });
      end = piece.from;
    }
    return pieces.reverse();
  }
}
