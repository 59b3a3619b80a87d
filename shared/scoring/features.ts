/**
 * What a scorer sees of a text: hashed words, pairs of neighbours, and how far from the end each stands, so that no
 * vocabulary is shipped. A preference model reads its score at the last token, so what a text ends with weighs most.
 */
import { words } from '../text/words.ts';

/** Rows of the scorer's table; a power of two. */
export const BUCKETS = 65_536;
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
  /**
   * rows of the table, repetitions included: of the response's words and marks one each, one each with the distance from
   * the end, the same of pairs of neighbours, and one for each of the last places
   */
  readonly response: Uint32Array;
  /** of the prompt's words and pairs of neighbours, from other rows */
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

const rowOf = (feature: string): number => hash(feature) & (BUCKETS - 1);

const neighbours = (text: readonly string[]): string[] =>
  text.slice(1).map((word, index) => `${text[index]} ${word}`);

/** Words and the marks that end or quote a sentence, lower-case. */
function wordsAndMarks(text: string): string[] {
  const read = text.toLowerCase().replaceAll('’', "'");
  return read.match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*|[.,!?"]/gu) ?? [];
}

/** Places at the end that have rows of their own. */
const LAST_PLACES = 8;
/** Distances from the end fall into 1, 2-3, 4-7, ...: the bits of the distance. */
const bitsOf = (distance: number): number => 32 - Math.clz32(distance);

function responseRows(text: readonly string[]): Uint32Array {
  const [length, pairs] = [text.length, neighbours(text)];
  const far = (index: number) => bitsOf(length - index);
  const last = text.slice(-LAST_PLACES);
  return Uint32Array.from([
    ...text.map((word) => rowOf(`r ${word}`)),
    ...pairs.map((pair) => rowOf(`r ${pair}`)),
    ...text.map((word, index) => rowOf(`d${far(index)} ${word}`)),
    ...pairs.map((pair, index) => rowOf(`n${far(index)} ${pair}`)),
    ...last.map((word, index) => rowOf(`e${last.length - index} ${word}`)),
  ]);
}

/** The features of a text: a pure function, the same where a scorer is trained and where it is used. */
export function featuresOf({ prompt, response }: ScoredText): Features {
  const asked = words(prompt).slice(0, MAXIMUM_WORDS);
  return {
    response: responseRows(wordsAndMarks(response).slice(0, MAXIMUM_WORDS)),
    prompt: Uint32Array.from([...asked, ...neighbours(asked)], (feature) => rowOf(`p ${feature}`)),
    words: words(response).slice(0, MAXIMUM_WORDS),
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
