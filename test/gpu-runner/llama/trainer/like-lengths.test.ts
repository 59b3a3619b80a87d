/** How a batch is cut: every bundle once, no part too large, and nothing cheaper among all cuts of sorted bundles. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attentionTokens,
  bySize,
  type BundleSize,
} from '../../../../gpu-runner/llama/trainer/cut-bundles.ts';
import { inOrder, inTurn, likeLengths } from '../../../../gpu-runner/llama/trainer/like-lengths.ts';

const RUN_TOKENS = 32;
const bundle = fc.record({
  prefix: fc.integer({ min: 0, max: 200 }),
  texts: fc.integer({ min: 1, max: 4 }),
  own: fc.integer({ min: 1, max: 200 }),
});
const someGroups = fc.array(fc.array(bundle, { maxLength: 9 }), { minLength: 1, maxLength: 3 });

const same = (size: BundleSize) => size;
const single = (own: number): BundleSize => ({ prefix: 0, texts: 1, own });
const filled = (groups: BundleSize[][]) => groups.some((group) => group.length > 0);
const largest = (sizes: readonly BundleSize[], of: keyof BundleSize) =>
  Math.max(...sizes.map((size) => size[of]));
const countOf = (groups: readonly (readonly unknown[])[]) => Math.max(...groups.map(({ length }) => length));

/** Texts of one group with those that pad it. */
const textsIn = (groups: readonly (readonly BundleSize[])[]) =>
  countOf(groups) * largest(groups.flat(), 'texts');

/** Attention with padding, and runs, of parts that go through the engine. */
function cost(parts: readonly (readonly (readonly BundleSize[])[])[]): number {
  return parts.reduce((sum, groups) => {
    const all = groups.flat();
    const size = { prefix: largest(all, 'prefix'), texts: largest(all, 'texts'), own: largest(all, 'own') };
    return sum + groups.length * countOf(groups) * attentionTokens(size) + RUN_TOKENS;
  }, 0);
}

/** The least cost of all ways to cut bundles that are sorted, by trying each of them. */
function leastCost(groups: readonly (readonly BundleSize[])[], most: number): number {
  const sorted = groups.map((group) => group.toSorted(bySize));
  const count = countOf(groups);
  const from = (start: number): number => {
    if (start >= count) return 0;
    const parts = Array.from({ length: count - start }, (_, index) => start + index + 1)
      .map((end) => ({ end, part: sorted.map((group) => group.slice(start, end)) }))
      .filter(({ end, part }) => end === start + 1 || textsIn(part) <= most);
    return Math.min(...parts.map(({ end, part }) => cost([part]) + from(end)));
  };
  return from(0);
}

describe('micro-batches of like lengths', () => {
  it('hold every bundle once at its place, at most so many texts a group, and cost no more than any other cut', () => {
    fc.assert(
      fc.property(someGroups.filter(filled), fc.integer({ min: 1, max: 20 }), (groups, most) => {
        const parts = likeLengths(groups, { rows: most }, same);
        expect(
          inOrder(
            parts,
            parts.map((part) => part.groups),
          ),
        ).toEqual(groups);
        for (const part of parts.filter(({ groups: bundles }) => countOf(bundles) > 1))
          expect(textsIn(part.groups)).toBeLessThanOrEqual(most);
        const seen = parts.flatMap((part) => part.places.map(({ length }) => length));
        expect(seen.reduce((sum, length) => sum + length, 0)).toBe(groups.flat().length);
        expect(cost(parts.map((part) => part.groups))).toBeCloseTo(leastCost(groups, most), 6);
      }),
    );
  });

  it('leave out nothing that padding would have cost more than a run', () => {
    const lengths = [250, 20, 21, 240, 21, 245, 22, 22];
    const parts = likeLengths([lengths], { rows: 8 }, single).map(({ groups }) => groups.flat());
    expect(parts).toEqual([
      [20, 21, 21, 22, 22],
      [240, 245, 250],
    ]);
    expect(likeLengths([[60, 61, 62, 63]], { rows: 4 }, single)).toHaveLength(1);
  });
});

it('parts of so many tokens hold no more than an even share and half a bundle, and everything once', () => {
  fc.assert(
    fc.property(someGroups.filter(filled), fc.integer({ min: 20, max: 2000 }), (groups, tokens) => {
      const parts = likeLengths(groups, { rows: 1000, tokens }, same);
      expect(
        inOrder(
          parts,
          parts.map((part) => part.groups),
        ),
      ).toEqual(groups);
      const held = ({ prefix, texts, own }: BundleSize): number => prefix + texts * own;
      const bundles = groups.flat().map((bundle) => held(same(bundle)));
      for (const part of parts.filter(({ groups: some }) => countOf(some) > 1)) {
        const own = part.groups.flat().reduce((sum, bundle) => sum + held(same(bundle)), 0);
        expect(own).toBeLessThanOrEqual(Math.max(256, tokens) + (groups.length * Math.max(...bundles)) / 2);
      }
    }),
  );
});

it('parts in turn that are bound by tokens are as many for each sum, and leave neighbours together', () => {
  const rows = Array.from({ length: 64 }, (_, row) => row);
  const parts = inTurn([rows], { rows: 32, tokens: 512 }, 60, 4);
  expect(parts.map(({ places }) => places[0]?.length)).toEqual([8, 8, 8, 8, 8, 8, 8, 8]);
  expect(inTurn([rows], { rows: 6, tokens: 512 }, 60, 4).map(({ places }) => places[0]?.length)).toEqual(
    Array.from({ length: 16 }, () => 4),
  );
  expect(inTurn([rows.slice(0, 4)], { rows: 32, tokens: 512 }, 60, 4)).toHaveLength(1);
  expect(parts.flatMap(({ groups }) => groups.flat())).toEqual(rows);
});

it('parts in turn keep the order of every group', () => {
  const parts = inTurn([[5, 1, 4], [9]], { rows: 2 }, 10, 1);
  expect(parts.map(({ groups }) => groups)).toEqual([
    [[5, 1], [9]],
    [[4], []],
  ]);
  expect(parts.map(({ places }) => places)).toEqual([
    [[0, 1], [0]],
    [[2], []],
  ]);
});

it.each([
  (groups: number[][], rows: number) => inTurn(groups, { rows }, 10, 1),
  (groups: number[][], rows: number) => likeLengths(groups, { rows }, single),
])('an empty batch, and parts of nothing, are refused', (cut) => {
  expect(() => cut([[], []], 4)).toThrow(/at least one row/);
  expect(() => cut([[1]], 0)).toThrow(/at least one row, got 0/);
  expect(() => cut([[1]], 1.5)).toThrow(/got 1\.5/);
});
