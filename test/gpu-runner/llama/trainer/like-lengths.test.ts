/** How a batch is cut: every row once, no part too large, and nothing cheaper among all cuts of sorted rows. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrder, inTurn, likeLengths } from '../../../../gpu-runner/llama/trainer/like-lengths.ts';

const RUN_TOKENS = 32;
const groupsOf = (longest: number) =>
  fc.array(fc.array(fc.integer({ min: 1, max: longest }), { maxLength: 9 }), { minLength: 1, maxLength: 3 });

const same = (row: number) => row;
const filled = (groups: number[][]) => groups.some((group) => group.length > 0);

/** Tokens with padding, and runs, of parts that go through the engine. */
function cost(parts: readonly (readonly (readonly number[])[])[]): number {
  return parts.reduce((sum, groups) => {
    const rows = Math.max(...groups.map(({ length }) => length));
    return sum + groups.length * rows * Math.max(...groups.flat()) + RUN_TOKENS;
  }, 0);
}

/** The least cost of all ways to cut rows that are sorted, by trying each of them. */
function leastCost(groups: readonly (readonly number[])[], most: number): number {
  const sorted = groups.map((group) => group.toSorted((a, b) => a - b));
  const count = Math.max(...groups.map(({ length }) => length));
  const from = (start: number): number => {
    if (start >= count) return 0;
    const ends = Array.from({ length: Math.min(most, count - start) }, (_, index) => start + index + 1);
    return Math.min(...ends.map((end) => cost([sorted.map((group) => group.slice(start, end))]) + from(end)));
  };
  return from(0);
}

describe('micro-batches of like lengths', () => {
  it('hold every row once at its place, at most so many a group, and cost no more than any other cut', () => {
    fc.assert(
      fc.property(groupsOf(300).filter(filled), fc.integer({ min: 1, max: 9 }), (groups, most) => {
        const parts = likeLengths(groups, most, same);
        expect(
          inOrder(
            parts,
            parts.map((part) => part.groups),
          ),
        ).toEqual(groups);
        for (const part of parts) {
          for (const group of part.groups) expect(group.length).toBeLessThanOrEqual(most);
        }
        const seen = parts.flatMap((part) => part.places.map(({ length }) => length));
        expect(seen.reduce((sum, length) => sum + length, 0)).toBe(groups.flat().length);
        expect(cost(parts.map((part) => part.groups))).toBe(leastCost(groups, most));
      }),
    );
  });

  it('leave out nothing that padding would have cost more than a run', () => {
    const lengths = [250, 20, 21, 240, 21, 245, 22, 22];
    const parts = likeLengths([lengths], 8, same).map(({ groups }) => groups.flat());
    expect(parts).toEqual([
      [20, 21, 21, 22, 22],
      [240, 245, 250],
    ]);
    expect(likeLengths([[60, 61, 62, 63]], 4, same)).toHaveLength(1);
  });
});

it('parts in turn keep the order of every group', () => {
  const parts = inTurn([[5, 1, 4], [9]], 2);
  expect(parts.map(({ groups }) => groups)).toEqual([
    [[5, 1], [9]],
    [[4], []],
  ]);
  expect(parts.map(({ places }) => places)).toEqual([
    [[0, 1], [0]],
    [[2], []],
  ]);
});

it.each([inTurn, (groups: number[][], most: number) => likeLengths(groups, most, same)])(
  'an empty batch, and parts of nothing, are refused',
  (cut) => {
    expect(() => cut([[], []], 4)).toThrow(/at least one row/);
    expect(() => cut([[1]], 0)).toThrow(/at least one row, got 0/);
    expect(() => cut([[1]], 1.5)).toThrow(/got 1\.5/);
  },
);
