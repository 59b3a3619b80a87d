/** Texts with their labels out of a file's rows: which are positive, and which are of no use. */
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { columnNamed } from '../../../shared/prompts/columns.ts';
import { DataFileError } from '../../../shared/prompts/errors.ts';
import type { FileRow } from '../../../shared/prompts/file-row.ts';
import { fileRows, type FileFormat } from '../../../shared/prompts/file-rows.ts';
import { LeftOut } from '../../../shared/prompts/left-out.ts';
import { RowError } from '../../../shared/prompts/row-error.ts';
import { usableText } from '../../../shared/prompts/usable-text.ts';
import { oneChunk } from '../../read-user-file.ts';

/** Each label needs so many texts: a fifth is held out, and five folds share the rest. */
export const LEAST_TEXTS = 50;
/** So many faults are shown. */
const SHOWN = 5;

interface LabelledText {
  readonly text: string;
  readonly positive: boolean;
}

export interface LabelledTexts {
  readonly texts: readonly LabelledText[];
  /** How many rows are left out, by why. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export interface LabelColumns {
  /** The column of the text. */
  readonly text: string;
  /** Columns of 0 and 1; a text is positive where any of them is 1. */
  readonly positive: readonly string[];
}

/**
 * Each text once: texts that differ in case and white space alone are one, and one that is labelled both ways is none.
 *
 * @param named the file as it was asked for, such as `--texts texts.jsonl`
 * @throws UsageError naming line, column, fault and cure, or which label has too few texts
 */
export async function readLabelledTexts(
  named: string,
  bytes: Uint8Array,
  format: FileFormat | undefined,
  columns: LabelColumns,
): Promise<LabelledTexts> {
  const leftOut: Record<string, number> = {};
  const count = (reason: string) => void (leftOut[reason] = (leftOut[reason] ?? 0) + 1);
  const known = new Map<string, LabelledText | 'labelled both ways'>();
  const seen = new Set<string>();
  const faults: string[] = [];
  const take = (row: FileRow) => {
    const read = readLabelledRow(row, columns, seen);
    if ('fault' in read) faults.push(`line ${row.line}: ${read.fault}`);
    else if ('leftOut' in read) count(read.leftOut);
    else {
      const key = read.text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
      const before = known.get(key);
      if (before === undefined) known.set(key, read);
      else if (before === 'labelled both ways') count(before);
      else if (before.positive === read.positive) count('repeated');
      else {
        known.set(key, 'labelled both ways');
        // Both rows are left out.
        count('labelled both ways');
        count('labelled both ways');
      }
    }
  };
  try {
    for await (const row of fileRows(oneChunk(bytes), format)) take(row);
  } catch (error) {
    if (!(error instanceof DataFileError)) throw error;
    faults.push(error.message);
  }
  refuseFaults(named, faults);
  const texts = [...known.values()].filter((one) => typeof one !== 'string');
  refuseTooFew(named, { texts, leftOut }, columns, seen);
  return { texts, leftOut };
}

type ReadRow = LabelledText | { readonly leftOut: string } | { readonly fault: string };

/** @param seen gets the label columns that have a value somewhere */
function readLabelledRow(row: FileRow, { text, positive }: LabelColumns, seen: Set<string>): ReadRow {
  if (row.columns === undefined) return { fault: row.fault };
  try {
    const value = columnNamed(row.columns, text);
    if (typeof value !== 'string') throw new RowError(`${text}: must be a text, not ${shown(value)}`);
    const labels = positive.flatMap((name) => {
      const label = labelOf(name, Object.hasOwn(row.columns, name) ? row.columns[name] : undefined);
      if (label !== undefined) seen.add(name);
      return label ?? [];
    });
    const own = usableText(text, value);
    if (own.trim() === '') return { leftOut: 'empty' };
    if (labels.length === 0) return { leftOut: 'without a label' };
    return { text: own, positive: labels.includes(1) };
  } catch (error) {
    if (error instanceof LeftOut) return { leftOut: error.reason };
    if (error instanceof RowError) return { fault: error.message };
    throw error;
  }
}

/** What a column says; undefined where it says nothing. */
function labelOf(name: string, value: unknown): 0 | 1 | undefined {
  const plain = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (plain === undefined || plain === null || plain === '') return undefined;
  if (plain === 1 || plain === true || plain === '1' || plain === 'true') return 1;
  if (plain === 0 || plain === false || plain === '0' || plain === 'false') return 0;
  throw new RowError(`${name}: must be 0, 1 or nothing, not ${shown(value)}; write what is positive as 1`);
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 40);

function refuseFaults(named: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} lines more` : '';
  throw new UsageError(`${named} cannot be used: ${faults.slice(0, SHOWN).join('; ')}${more}`);
}

function refuseTooFew(
  named: string,
  { texts, leftOut }: LabelledTexts,
  { positive }: LabelColumns,
  seen: ReadonlySet<string>,
): void {
  const missing = positive.filter((name) => !seen.has(name));
  if (missing.length > 0) {
    throw new UsageError(
      `${named} has no row with a value in ${missing.map((name) => `"${name}"`).join(', ')}: --positive takes the ` +
        'columns whose 1 makes a text positive, spelt as in the file',
    );
  }
  const counts = [true, false].map((label) => texts.filter((one) => one.positive === label).length);
  if (counts.every((count) => count >= LEAST_TEXTS)) return;
  const reasons = leftOutInWords(leftOut);
  throw new UsageError(
    `${named} has ${counts[0]} texts that are positive and ${counts[1]} that are not, and ${LEAST_TEXTS} of each are the ` +
      `least${reasons === '' ? '' : ` (left out: ${reasons})`}: give more texts, or other columns in --positive`,
  );
}

/** `3 empty, 12 repeated`; nothing where every row is of use. */
export function leftOutInWords(leftOut: LabelledTexts['leftOut']): string {
  return Object.entries(leftOut)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
