/** Answers on a terminal and elsewhere: what stands, what is drawn over, and that no model steers a terminal. */
import { expect, test } from 'vitest';
import { createScreen } from '../../../../scripts/commands/chat/screen.ts';
import { textWidth, wrapText } from '../../../../scripts/terminal/text-width.ts';

const ESCAPE = '\u001B';
const UP = new RegExp(String.raw`${ESCAPE}\[(\d+)A`, 'g');
const OWN = new RegExp(String.raw`${ESCAPE}\[(?:\d+A|2K|\d+m)`, 'g');
const WRITTEN = new RegExp(
  String.raw`${ESCAPE}\[(\d+)A|(${ESCAPE}\[2K)|(\n)|(${ESCAPE}\[\d+m)|([^${ESCAPE}\n]+)`,
  'g',
);

function outputOf(columns: number | undefined, rows = 30) {
  const written: string[] = [];
  const size = columns === undefined ? {} : { isTTY: true, columns, rows };
  return { written, output: { ...size, write: (text: string) => written.push(text) } };
}

/** What a terminal shows after these writes: lines, drawn over where the cursor was moved up. */
function shown(written: readonly string[]): string[] {
  const lines = [''];
  let row = 0;
  for (const [, up, clear, newline, style, text = ''] of written.join('').matchAll(WRITTEN)) {
    if (up !== undefined) row -= Number(up);
    else if (clear !== undefined) lines[row] = '';
    else if (newline !== undefined) {
      row += 1;
      lines[row] ??= '';
    } else if (style === undefined) lines[row] = (lines[row] ?? '') + text;
  }
  return lines;
}

test('two models stand side by side on a wide terminal, whoever is ahead', () => {
  const { written, output } = outputOf(101);
  const screen = createScreen(output, 2);
  expect(screen.sideBySide).toBe(true);
  screen.begin(['base', 'aligned']);
  screen.add(1, 'I am ahead of you by far, and go on and on until a line is full and another begins.');
  screen.add(0, 'I am slow');
  screen.add(0, ', but I come, too.');
  screen.end(0);
  screen.end(1);
  screen.finish();
  expect(shown(written).map((line) => line.replace(/ +│ /, ' │ '))).toEqual([
    'base │ aligned',
    'I am slow, but I come, too. │ I am ahead of you by far, and go on and on until',
    ' │ a line is full and another begins.',
    '',
  ]);
});

test('columns draw over no more rows than the terminal has', () => {
  const { written, output } = outputOf(101, 10);
  const screen = createScreen(output, 2);
  screen.begin(['base', 'aligned']);
  for (let line = 0; line < 40; line++) screen.add(1, `line ${line}\n`);
  screen.add(0, 'late\n');
  screen.end(0);
  screen.end(1);
  screen.finish();
  const ups = [...written.join('').matchAll(UP)].map(([, rows]) => Number(rows));
  expect(Math.max(...ups)).toBeLessThan(10);
  const told = shown(written);
  expect(told[1]).toMatch(/^late +│ line 0$/);
  expect(told.filter((line) => line.includes('line '))).toHaveLength(40);
});

test.each([[60], [undefined]])('one after the other where there are %s columns', (columns) => {
  const { written, output } = outputOf(columns);
  const screen = createScreen(output, 2);
  expect(screen.sideBySide).toBe(false);
  screen.begin(['base']);
  screen.add(0, '  Hello\n');
  screen.add(0, 'there');
  screen.end(0);
  expect(shown(written)).toEqual(['base: Hello', 'there', '']);
});

test.each([[101], [60], [undefined]])("a model's control characters never arrive (%s columns)", (columns) => {
  const { written, output } = outputOf(columns);
  const screen = createScreen(output, 2);
  screen.begin(['base', 'aligned']);
  const evil = [
    'a\u001B',
    ']0;owned\u0007b',
    '\u009B31mred',
    '\r\b\u202Edrow',
    '\u001B[2J\u001B[1;1Hx',
    '\u0000',
  ];
  for (const part of evil) {
    screen.add(0, part);
    if (screen.sideBySide) screen.add(1, part);
  }
  screen.end(0);
  if (screen.sideBySide) screen.end(1);
  const told = written.join('').replaceAll(OWN, '');
  expect(told).toMatch(/^[^\p{Cc}\p{Cf}]*(?:\n[^\p{Cc}\p{Cf}]*)*$/u);
  expect(told).toContain('owned b');
});

test('lines are broken at spaces, wide characters count twice, no character is lost', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  expect(wrapText('a\n\nb', 4)).toEqual(['a', '', 'b']);
  expect(wrapText('你好吗', 4)).toEqual(['你好', '吗']);
  expect(textWidth('e\u0301你')).toBe(3);
  const text = 'The quick brown 狐狸 jumps over the lazy dog, again and again.';
  for (let columns = 2; columns < 30; columns++) {
    const lines = wrapText(text, columns);
    expect(lines.every((line) => textWidth(line) <= columns)).toBe(true);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
  }
});
