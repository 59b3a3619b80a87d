/** Figures in columns of plain text. */
import { fixed } from '../../shared/report/figures.ts';
import { labelled, textWidth } from './text-width.ts';

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

/** The same where it fits; else each row as a list below its first cell, with the titles of the head. */
export function fitTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const table = formatTable(head, rows);
  if (table.split('\n').every((line) => textWidth(line) <= columns)) return table;
  const titles = head.map((title) => title.trim());
  const label = Math.max(...titles.slice(1).map(({ length }) => length)) + 4;
  const list = ([first = '', ...cells]: readonly string[]) => [
    [titles[0], first].filter(Boolean).join(' '),
    ...cells.flatMap((cell, index) =>
      cell.trim() === '' ? [] : labelled(`  ${titles[index + 1]}`, cell.trim(), label, columns),
    ),
  ];
  return rows.map((row) => list(row).join('\n')).join('\n');
}

export function percent(share: number): string {
  return `${fixed(share * 100, 1)} %`;
}
