/** Which texts begin alike: what they share before the first score is read once, so that a prompt costs once for all its answers. */
import { attentionTokens, type BundleSize } from './cut-bundles.ts';
import type { Sequence } from '../model/sequence.ts';

/** Sequences by group and bundle; those of a bundle stand side by side and share a beginning, if only an empty one. */
export type Bundles<Row extends Sequence = Sequence> = readonly (readonly (readonly Row[])[])[];

/** The sequences of each group in a row. */
export function rowsOf<Row extends Sequence>(groups: Bundles<Row>): readonly (readonly Row[])[] {
  return groups.map((bundles) => bundles.flat());
}

/** Each sequence by itself. */
export function apart<Row extends Sequence>(groups: readonly (readonly Row[])[]): Bundles<Row> {
  return groups.map((rows) => rows.map((row) => [row]));
}

/** Neighbours together, `size` at a time. */
export function sideBySide<Row>(rows: readonly Row[], size: number): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}

/**
 * How many tokens of a bundle are read once: what all its sequences begin with, less the last place before anything is scored,
 * since the score of a token is read at the place before it.
 */
export function sharedPrefix([first, ...others]: readonly Sequence[]): number {
  if (first === undefined || others.length === 0) return 0;
  let shared = readBefore(first);
  for (const other of others) shared = commonPrefix(first, other, Math.min(shared, readBefore(other)));
  return shared;
}

const readBefore = ({ start }: Sequence): number => Math.max(0, start - 1);

/** Tokens up to `limit` that both begin with. */
function commonPrefix(one: Sequence, other: Sequence, limit: number): number {
  let length = 0;
  while (length < limit && one.tokens[length] === other.tokens[length]) length += 1;
  return length;
}

/** Tokens of a bundle: what is shared counts once. */
export function bundleTokens(bundle: readonly Sequence[]): number {
  const prefix = sharedPrefix(bundle);
  return bundle.reduce((sum, { tokens }) => sum + tokens.length - prefix, prefix);
}

/** What a bundle takes where attention reads it. */
export function bundleSize(bundle: readonly Sequence[]): BundleSize {
  const prefix = sharedPrefix(bundle);
  const longest = Math.max(...bundle.map(({ tokens }) => tokens.length));
  return { prefix, texts: bundle.length, own: longest - prefix };
}

/**
 * Places of sequences that are best read together: neighbours in the order of their tokens, as long as that costs fewer tokens
 * than reading them apart.
 *
 * @param most sequences of a bundle
 */
export function alikeBeginnings(rows: readonly Sequence[], most: number): number[][] {
  const sorted = rows.map((row, place) => ({ row, place })).toSorted((a, b) => inOrderOfTokens(a.row, b.row));
  const bundles: { row: Sequence; place: number }[][] = [];
  for (const one of sorted) {
    const last = bundles.at(-1);
    if (last !== undefined && last.length < most && isCheaper(last, one)) last.push(one);
    else bundles.push([one]);
  }
  return bundles.map((bundle) => bundle.map(({ place }) => place));
}

function isCheaper(bundle: readonly { row: Sequence }[], one: { row: Sequence }): boolean {
  const cost = (rows: readonly { row: Sequence }[]): number => bundleCost(rows.map(({ row }) => row));
  return cost([...bundle, one]) < cost(bundle) + cost([one]);
}

/** What a bundle costs to read, in tokens. */
export function bundleCost(bundle: readonly Sequence[]): number {
  return bundleTokens(bundle) + attentionTokens(bundleSize(bundle));
}

function inOrderOfTokens({ tokens: one }: Sequence, { tokens: other }: Sequence): number {
  const length = Math.min(one.length, other.length);
  for (let place = 0; place < length; place++) {
    const difference = (one[place] ?? 0) - (other[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
