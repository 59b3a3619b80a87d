/** What a scorer sees of a text: hashed words and pairs of neighbouring words, so that no vocabulary is shipped. */
import { words } from '../text/words.ts';

/** Rows of the scorer's table; a power of two. */
export const BUCKETS = 32_768;
/** Bits of the set of words that a scorer has seen in training; a power of two, large enough that few words collide. */
export const SEEN_BITS = 262_144;

/** Longest text in words that is read; what follows changes nothing. */
export const MAXIMUM_WORDS = 4096;

/** A text that answers a prompt; the prompt is empty where there is none. */
export interface ScoredText {
  readonly prompt: string;
  readonly response: string;
}

export interface Features {
  /** rows of the table, repetitions included: one for each word and each pair of neighbours of the response */
  readonly response: Uint32Array;
  /** the same of the prompt, from other rows */
  readonly prompt: Uint32Array;
  /** words of the response */
  readonly words: readonly string[];
}

/** FNV-1a of the UTF-16 code units, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV-1a are its weakest: fold the high ones in.
  return (value ^ (value >>> 15)) >>> 0;
}

function bag(text: readonly string[], field: string): Uint32Array {
  const pairs = text.slice(1).map((word, index) => `${text[index]} ${word}`);
  return Uint32Array.from([...text, ...pairs], (feature) => hash(field + feature) & (BUCKETS - 1));
}

/** The features of a text: a pure function, the same where a scorer is trained and where it is used. */
export function featuresOf({ prompt, response }: ScoredText): Features {
  const read = words(response).slice(0, MAXIMUM_WORDS);
  return {
    response: bag(read, 'r '),
    prompt: bag(words(prompt).slice(0, MAXIMUM_WORDS), 'p '),
    words: read,
  };
}

/** The place of a word in the set of seen words. */
export function seenBit(word: string): number {
  return hash(`w ${word}`) & (SEEN_BITS - 1);
}

/** Adds words to a set of SEEN_BITS bits. */
export function addSeen(set: Uint8Array, words: readonly string[]): void {
  for (const word of words) {
    const bit = seenBit(word);
    set[bit >> 3] = (set[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
}

/** How many of the words a set holds, repetitions counted. */
export function countSeen(set: Uint8Array, words: readonly string[]): number {
  return words.filter((word) => {
    const bit = seenBit(word);
    return ((set[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }).length;
}
