/** Trains a small byte-pair tokenizer with byte fallback from text, LLaMA's way; deterministic. */
import { bytePiece, type TokenizerJson, tokenizerJson } from './tokenizer-json.ts';

/** What stands for a space inside tokens (U+2581). */
const SPACE = '\u{2581}';

/**
 * How text falls into words that no merge crosses: letters with the space before them (and a contraction), single
 * digits, runs of punctuation, runs of line breaks and tabs, single spaces.
 */
const WORDS = String.raw`▁?[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)?|▁?\p{N}|▁?[^\s\p{L}\p{M}\p{N}▁]+|\s+|▁`;

const FIXED_TOKENS = 3 + 256;

export interface TokenizerTraining {
  /** Ids of the result: 3 special tokens, 256 bytes, characters, merges. */
  readonly vocabularySize: number;
  /** A character seen less often than this is left to its bytes. */
  readonly minimumCharacterCount?: number;
}

/** A word type: its symbols (ids) and how often it occurs. */
interface Word {
  symbols: number[];
  readonly count: number;
}

/**
 * Byte-pair training (Sennrich et al., 2016): the most frequent pair of neighbours inside a word becomes a token, until
 * the vocabulary is full; ties go to the pair of lower ids. A given text gives the same tokenizer everywhere.
 *
 * @throws RangeError if the vocabulary cannot hold the characters or the text is too small to fill it
 */
export function trainTokenizer(texts: Iterable<string>, training: TokenizerTraining): TokenizerJson {
  const { vocabularySize, minimumCharacterCount = 10 } = training;
  const counts = countWords(texts);
  const characters = frequentCharacters(counts, minimumCharacterCount);
  const pieces = [
    '<unk>',
    '<s>',
    '</s>',
    ...Array.from({ length: 256 }, (_, byte) => bytePiece(byte)),
    ...characters,
  ];
  if (pieces.length > vocabularySize) {
    const needed = `${FIXED_TOKENS} special and byte tokens and ${characters.length} characters`;
    throw new RangeError(
      `a vocabulary of ${vocabularySize} cannot hold ${needed}; raise it or minimumCharacterCount`,
    );
  }
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const words = splitWords(counts, ids);
  const pairs = countPairs(words);
  const merges: [string, string][] = [];
  while (pieces.length < vocabularySize) {
    const best = mostFrequentPair(pairs);
    if (best === null) {
      throw new RangeError(`the text yields ${pieces.length} tokens, not ${vocabularySize}; give more text`);
    }
    const [left, right] = best;
    const merged = `${pieces[left] ?? ''}${pieces[right] ?? ''}`;
    merges.push([pieces[left] ?? '', pieces[right] ?? '']);
    let id = ids.get(merged);
    if (id === undefined) {
      id = pieces.length;
      pieces.push(merged);
      ids.set(merged, id);
    }
    mergePair(words, pairs, left, right, id);
  }
  return tokenizerJson(ids, merges, { prefix: SPACE, space: SPACE, words: WORDS });
}

function countWords(texts: Iterable<string>): Map<string, number> {
  const pattern = new RegExp(WORDS, 'gu');
  const counts = new Map<string, number>();
  for (const text of texts) {
    if (text === '') continue;
    for (const [word] of `${SPACE}${text.replaceAll(' ', SPACE)}`.matchAll(pattern)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

/** Characters that occur often enough, the most frequent first. */
function frequentCharacters(words: ReadonlyMap<string, number>, minimum: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  return [...counts]
    .filter(([, count]) => count >= minimum)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([character]) => character);
}

/** Words as symbols; a character without a token ends the word on either side, as its bytes never merge. */
function splitWords(counts: ReadonlyMap<string, number>, ids: ReadonlyMap<string, number>): Word[] {
  const words: Word[] = [];
  for (const [word, count] of counts) {
    let symbols: number[] = [];
    for (const character of word) {
      const id = ids.get(character);
      if (id !== undefined) symbols.push(id);
      else {
        words.push({ symbols, count });
        symbols = [];
      }
    }
    words.push({ symbols, count });
  }
  return words.filter(({ symbols }) => symbols.length > 1);
}

/** Pairs of neighbours: how often, and in which words they stood at some time. */
type Pairs = Map<number, { count: number; readonly words: Set<number> }>;

const PAIR_BASE = 2 ** 24;

function countPairs(words: readonly Word[]): Pairs {
  const pairs: Pairs = new Map();
  for (let index = 0; index < words.length; index++) addPairs(pairs, words, index, 1);
  return pairs;
}

/** Adds (sign 1) or takes away (sign -1) the pairs of one word. */
function addPairs(pairs: Pairs, words: readonly Word[], index: number, sign: 1 | -1): void {
  const word = words[index];
  if (word === undefined) return;
  for (let place = 0; place + 1 < word.symbols.length; place++) {
    const key = (word.symbols[place] ?? 0) * PAIR_BASE + (word.symbols[place + 1] ?? 0);
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { count: 0, words: new Set() };
      pairs.set(key, pair);
    }
    pair.count += sign * word.count;
    pair.words.add(index);
    if (pair.count === 0) pairs.delete(key);
  }
}

function mostFrequentPair(pairs: Pairs): [number, number] | null {
  let best = -1;
  let bestCount = 0;
  for (const [key, { count }] of pairs) {
    if (count > bestCount || (count === bestCount && key < best)) {
      best = key;
      bestCount = count;
    }
  }
  return best === -1 ? null : [Math.floor(best / PAIR_BASE), best % PAIR_BASE];
}

/** Joins a pair wherever it stands, left to right, and counts the pairs of those words anew. */
function mergePair(words: readonly Word[], pairs: Pairs, left: number, right: number, merged: number): void {
  const affected = pairs.get(left * PAIR_BASE + right)?.words ?? new Set<number>();
  for (const index of affected) {
    const word = words[index];
    if (word === undefined) continue;
    addPairs(pairs, words, index, -1);
    const symbols: number[] = [];
    for (let place = 0; place < word.symbols.length; place++) {
      if (word.symbols[place] === left && word.symbols[place + 1] === right) {
        symbols.push(merged);
        place += 1;
      } else symbols.push(word.symbols[place] ?? 0);
    }
    word.symbols = symbols;
    addPairs(pairs, words, index, 1);
  }
}
