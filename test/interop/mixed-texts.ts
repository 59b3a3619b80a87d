/** Texts of every sort, the same ones every time. */
import { integerBelow } from '../../shared/random.ts';

const SEED = 1000;

/** What texts are put together from: words known and unknown to small tokenizers, numbers, scripts, marks, blanks. */
const PIECES = [
  [
    'the',
    'reading',
    'unkind',
    'Garden',
    'STORY',
    'wordless',
    'café',
    'naïve',
    'für',
    "don't",
    "we'll",
    "I'M",
  ],
  ['0', '7', '42', '1234567', '3.14', '10,000', '½', '٣', '²'],
  ['日本語', '中文', 'привет', 'γλώσσα', 'עברית', 'हिन्दी', '한국어', 'ไทย'],
  ['🙂', '👩‍👩‍👧', '🇪🇺', 'e\u0301', 'ﬁ', 'Å', '\u200b', '\u00a0', '\ufeff'],
  [
    '.',
    ',',
    '!?',
    '...',
    '—',
    '"',
    '(',
    ')',
    '[x]',
    '{',
    '}',
    '</',
    '>',
    '<',
    '@',
    '#',
    '\\',
    '/',
    '_',
    '▁',
    "'",
  ],
  [' ', ' ', ' ', '  ', '   ', '\n', '\n\n', '\t', '\r\n', ' \n '],
  ['<s>', '</s>', '<|im_start|>', '<0x41>', 'http://a.b/c?d=1', 'x = y + 1;', '\u0001'],
].flat();

const LONGEST = 24;

/** Texts of up to 24 pieces; the first is empty. */
export function mixedTexts(count: number): string[] {
  return Array.from({ length: count }, (_, text) =>
    Array.from({ length: integerBelow(LONGEST, SEED, text, 0) * Math.min(text, 1) }, (_piece, place) => {
      const piece = PIECES[integerBelow(PIECES.length, SEED, text, 2 * place + 1)] ?? '';
      // Most words stand apart.
      return integerBelow(3, SEED, text, 2 * place + 2) === 0 ? piece : `${piece} `;
    }).join(''),
  );
}
