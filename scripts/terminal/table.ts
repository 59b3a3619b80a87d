/** Figures in columns of plain text. */

/** Rows under a head, the first column to the left and the others to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** With so many digits, and zero without a sign. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

export function percent(share: number): string {
  return `${fixed(share * 100, 1)} %`;
}

/** `62.5 % [57.7, 67.1]`. */
export function percentWithInterval(share: number, { lower, upper }: Interval): string {
  return `${percent(share)} [${fixed(lower * 100, 1)}, ${fixed(upper * 100, 1)}]`;
}
