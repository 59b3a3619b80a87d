/** Untrusted text becomes visible text, and numbers read as people write them. */
import { describe, expect, it } from 'vitest';
import { assert, integer, property, string } from 'fast-check';
import {
  clock,
  dateTime,
  duration,
  figure,
  fromNow,
  gigabytes,
  percent,
  percentRange,
} from '../../../edge/dashboard/text/format.ts';
import { distinctNames } from '../../../edge/dashboard/text/distinct-names.ts';
import { cutText, visibleName, visiblePieces } from '../../../edge/dashboard/text/visible-text.ts';

/** What the pieces stand for: text as it is, marks by their code. */
const join = (text: string) =>
  visiblePieces(text)
    .map((piece) =>
      piece.kind === 'text' ? piece.text : String.fromCodePoint(Number.parseInt(piece.label.slice(2), 16)),
    )
    .join('');

describe('names', () => {
  it('say when they were made where they are shared', () => {
    const at = (seconds: number) => new Date(2026, 10, 30, 12, 0, seconds).getTime();
    expect(
      distinctNames([
        { name: 'same', createdAt: at(7) },
        { name: 'other\u202e', createdAt: at(8) },
        { name: 'same', createdAt: at(59) },
      ]),
    ).toEqual(['same (2026-11-30 12:00:07)', 'other[U+202E]', 'same (2026-11-30 12:00:59)']);
  });
});

describe('visible text', () => {
  it('names what cannot be seen or turns text around', () => {
    const marks = visiblePieces('a\0b\u202ec\u2066d\ud800e\u{e0041}f\u009bg');
    expect(marks.filter(({ kind }) => kind === 'mark')).toEqual([
      { kind: 'mark', label: 'U+0000', title: 'NUL' },
      { kind: 'mark', label: 'U+202E', title: 'RIGHT-TO-LEFT OVERRIDE' },
      { kind: 'mark', label: 'U+2066', title: 'LEFT-TO-RIGHT ISOLATE' },
      { kind: 'mark', label: 'U+D800', title: 'control or invisible character' },
      { kind: 'mark', label: 'U+E0041', title: 'control or invisible character' },
      { kind: 'mark', label: 'U+009B', title: 'control or invisible character' },
    ]);
  });

  it('is a name in one piece, in which nothing is hidden', () => {
    expect(visibleName('my\nrun \u202eevil\u2066 \ufeff👩‍🚀')).toBe('my run [U+202E]evil[U+2066] [U+FEFF]👩‍🚀');
  });

  it('leaves ordinary text alone: markup, line ends, tabs, emoji with joiners, right-to-left scripts', () => {
    for (const text of ['<img src=x onerror=alert(1)>', 'a\n\tb', '👩‍🚀 café', 'مرحبا', 'नमस्ते']) {
      expect(visiblePieces(text)).toEqual([{ kind: 'text', text }]);
    }
    expect(visiblePieces('')).toEqual([]);
  });

  it('loses no character and lets none of the hidden ones through', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        expect(join(text)).toBe(text);
        const shown = visiblePieces(text).flatMap((piece) => (piece.kind === 'text' ? piece.text : []));
        expect(shown.join('\n')).not.toMatch(/[\0\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it('cuts long text into parts of the size, never inside a character', () => {
    assert(
      property(string({ unit: 'grapheme' }), integer({ min: 1, max: 9 }), (text, size) => {
        const parts = cutText(text, size);
        expect(parts.join('')).toBe(text);
        expect(parts.every((part) => part.isWellFormed() && part.length <= size + 1)).toBe(true);
      }),
    );
    expect(cutText('x'.repeat(2 ** 20), 5000)).toHaveLength(210);
  });
});

describe('numbers', () => {
  const plain = (text: string) => text.replaceAll('\u202f', ' ');
  it('are short and say their unit', () => {
    expect(plain(percent(0.72125))).toBe('72.1 %');
    expect(plain(percentRange({ lower: 0.675, upper: 0.763 }))).toBe('67.5 to 76.3 %');
    expect([0, 0.012345, 12.345, 1234.56, 1.5e-6, 12_345_678].map((value) => plain(figure(value)))).toEqual([
      '0',
      '0.0123',
      '12.3',
      '1234.6',
      '1.50e-6',
      '1.23e+7',
    ]);
    expect(plain(gigabytes(25_276_510_208))).toBe('25.3 GB');
    expect([4.21, 59.4, 200, 7500].map((seconds) => plain(duration(seconds)))).toEqual([
      '4.2 s',
      '59 s',
      '3 min 20 s',
      '2 h 05 min',
    ]);
  });

  it('tell times by what they are from now, before and after it', () => {
    const now = Date.UTC(2026, 10, 30, 12);
    const told = [-5, -80, -600, -7200, 600, 3 * 86_400].map((seconds) => fromNow(now + 1000 * seconds, now));
    expect(told.map(plain)).toEqual([
      'just now',
      '80 s ago',
      '10 min ago',
      '2 h ago',
      'in 10 min',
      'in 3 days',
    ]);
    expect(clock(now + 60_000, now)).toMatch(/^\d\d:\d\d$/);
    expect(clock(now + 2 * 86_400_000, now)).toBe(dateTime(now + 2 * 86_400_000));
  });
});
