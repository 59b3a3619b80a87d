/** Families x columns: made check by check, shown as Markdown. */
import type { Column, Figure } from './column.ts';

/** What became of one check. */
export type Outcome = Figure | { readonly fault: string } | { readonly leftOut: string };

export interface Row {
  readonly name: string;
  readonly tokenizer: string;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export function passes(outcome: Outcome): boolean {
  if ('value' in outcome) return outcome.limit === null || outcome.value <= outcome.limit;
  return 'leftOut' in outcome;
}

/** The table as Markdown; what does not pass is bold. */
export function formatTable(rows: readonly Row[], columns: readonly Column[]): string {
  const cell = (outcome: Outcome | undefined): string => {
    if (outcome === undefined || 'leftOut' in outcome) return '-';
    const text = 'fault' in outcome ? 'fault' : shortest(outcome.value);
    return passes(outcome) ? text : `**${text}**`;
  };
  const lines = [
    ['checkpoint', ...columns.map(({ name }) => name), 'its tokenizer'],
    ['---', ...columns.map(() => '---:'), '---'],
    ...rows.map(({ name, tokenizer, outcomes }) => [
      name,
      ...columns.map((column) => cell(outcomes[column.name])),
      tokenizer,
    ]),
  ];
  const notes = columns.map(({ name, meaning }) => `- ${name}: ${meaning}`);
  return [...lines.map((cells) => `| ${cells.join(' | ')} |`), '', ...notes].join('\n');
}

function shortest(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toExponential(1);
}
