/** Which split a row of an upload belongs to. */
import type { SplitRuleRecord } from '../../../shared/api/prompt-sets.ts';
import { SPLITS, type Split } from '../../../shared/api/words.ts';
import { splitByHash } from '../../../shared/prompts/hash-split.ts';
import { invalidRequest } from '../errors.ts';

/** A row as far as a rule looks at it. */
interface SplittableRow {
  /** From 0. */
  readonly position: number;
  readonly promptSha256: string;
  /** The row's own field. */
  readonly split: Split | undefined;
}

/** The split; null: the row is left out. A text: why the row does not fit the rule. */
export type SplitRule = (row: SplittableRow) => Split | null | { readonly refused: string };

const wrong = (pointer: string, detail: string) => invalidRequest([{ in: 'query', pointer, detail }]);

/**
 * Reads a rule.
 *
 * @throws DomainError `invalid-request` where its parts do not fit it or each other
 */
export function readSplitRule(record: SplitRuleRecord): SplitRule {
  if (record.rule === 'field') return readField(record);
  return record.rule === 'hash' ? readShares(record) : readRanges(record);
}

function refuseField(decide: (row: SplittableRow) => Split | null): SplitRule {
  return (row) =>
    row.split === undefined ? decide(row) : { refused: 'split: goes with the rule "field" only; remove it' };
}

function readField(record: SplitRuleRecord): SplitRule {
  const given = SPLITS.find((split) => record[split] !== undefined);
  if (given) throw wrong(given, 'goes with the rules hash and rows; with field each row says its split');
  return ({ split }) => split ?? { refused: `split: is missing; give ${SPLITS.join(', ')}` };
}

function readShares(record: SplitRuleRecord): SplitRule {
  const shares = SPLITS.map((split) => {
    const text = record[split] ?? '0';
    if (text.includes('-')) throw wrong(split, 'must be a share such as 0.8 with the rule hash');
    return { split, share: Number(text) };
  });
  const sum = shares.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-9)
    throw wrong('train', `the shares of train, dev and test add up to ${sum}, not 1`);
  return refuseField(({ promptSha256 }) => splitByHash(promptSha256, shares));
}

function readRanges(record: SplitRuleRecord): SplitRule {
  const ranges = SPLITS.flatMap((split) => {
    const text = record[split];
    if (text === undefined) return [];
    const [start = '', end = ''] = text.split('-');
    if (!text.includes('-')) throw wrong(split, 'must be a range such as 0-1000 with the rule rows');
    const range = { split, start: Number(start), end: end === '' ? Infinity : Number(end) };
    if (range.end <= range.start) throw wrong(split, 'has no row: the end must be greater than the start');
    return [range];
  });
  if (ranges.length === 0) throw wrong('train', 'the rule rows needs a range for train, dev or test');
  for (const a of ranges) {
    const other = ranges.find((b) => b !== a && a.start < b.end && b.start < a.end);
    if (other) throw wrong(other.split, `overlaps the rows of ${a.split}`);
  }
  return refuseField(
    ({ position }) => ranges.find(({ start, end }) => position >= start && position < end)?.split ?? null,
  );
}
