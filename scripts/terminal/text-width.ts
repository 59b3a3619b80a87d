/** How many columns of a terminal a text takes, and how it is broken into lines of so many. */

/** Characters that take two columns: East Asian scripts, full-width forms, pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

function widthOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Lines of at most `columns`, broken at spaces where there are any. @param columns at least 2 */
export function wrapText(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, columns));
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  let width = 0;
  for (const character of line) {
    const own = widthOf(character);
    if (width + own > columns) {
      const space = current.lastIndexOf(' ');
      const rest = space === -1 || character === ' ' ? '' : current.slice(space + 1);
      lines.push((rest === '' ? current : current.slice(0, space)).trimEnd());
      current = character === ' ' ? '' : rest;
      width = textWidth(current);
      if (character === ' ') continue;
    }
    current += character;
    width += own;
  }
  return [...lines, current];
}

/** A name and its text, whose further lines stand below it. @param label columns of the name */
export function labelled(name: string, text: string, label: number, columns: number): string[] {
  return wrapText(text, Math.max(columns - label, 2)).map(
    (line, index) => `${(index === 0 ? name : '').padEnd(label)}${line}`,
  );
}

/** Pieces side by side while they fit, two spaces apart; a piece that is wider than a line is broken. */
export function fillLines(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    const joined = `${last}  ${piece}`;
    if (last !== undefined && textWidth(joined) <= columns) lines[lines.length - 1] = joined;
    else lines.push(...wrapText(piece, columns));
  }
  return lines;
}
