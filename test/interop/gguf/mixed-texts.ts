/** Texts that tell tokenizers apart: scripts, emoji, code, spaces, newlines, contractions, digits; the same every time. */
import { integerBelow } from '../../../shared/random.ts';

const PIECES = [
  'Hello world',
  "don't we'll I'VE they're it's O'Brien's",
  '1234567890 3.14159 2,000,000 ½ ² ٣ 一二三',
  '   ',
  '\n\n\n',
  '\r\n\t\t',
  '  indented\n    more\n',
  'def f(x):\n    return x**2 + 1  # squared\n',
  '{"key": ["value", null, 1e-5]}',
  '😀👍🏽👩‍👩‍👧‍👦🇩🇪',
  '日本語のテキスト。你好，世界！',
  '한국어 문장입니다',
  'Здравствуй, мир',
  'שלום עולם مرحبا بالعالم',
  'naïve café Ångström ﬁ',
  'นี่คือข้อความ',
  'हिन्दी में पाठ',
  '!!! ??? ... --- ***',
  '<b>html</b> &amp; </div>',
  'https://example.com/a?b=c&d=%20',
  'CamelCaseIdentifier snake_case_name SCREAMING',
  '\u00a0\u2003\u3000',
  '\u200b\u200d\ufeff',
  '$100 €50 £3.50 ¥',
  '∑∫√≈≠ α β γ',
  'a b c d e f',
  '"quoted" ‘single’ “double”',
  'supercalifragilisticexpialidocious',
  '0x7fFF 0b1010 1_000',
  'e\u0301 a\u0308',
];

/** @param count how many */
export function mixedTexts(count: number): string[] {
  return Array.from({ length: count }, (_, text) => {
    const pieces = 1 + integerBelow(4, 16, text, 0);
    return Array.from({ length: pieces }, (__, piece) => {
      const chosen = PIECES[integerBelow(PIECES.length, 16, text, 1 + 2 * piece)] ?? '';
      const glue = ['', ' ', '\n', '  '][integerBelow(4, 16, text, 2 + 2 * piece)] ?? '';
      return `${chosen}${glue}`;
    }).join('');
  });
}
