/** Rows that go through the engine together are as long as the longest of them: where to part a batch that is sorted. */

/**
 * What a run of the engine costs beside its tokens, in tokens: below that, padding is cheaper than another run. Steps of 16 pairs
 * of 9 to 250 tokens take 220 tokens a second of 135M parameters unsorted; sorted 351, 352 and 323 at 16, 32 and 64, and 360
 * where parts are as large as they may be, which takes nearly twice the memory (docs/results/trainer.md).
 */
const RUN_TOKENS = 32;

/**
 * Where to cut rows that stand by their lengths, such that padded tokens and runs cost least: the cheapest cut of the first n
 * rows ends in a part behind the cheapest cut of fewer.
 *
 * @param lengths of the longest row at each place, over all groups: rising but where a group ends before the others
 * @param groups how many rows stand at each place
 * @param most places of a part
 * @returns [start, end) of each part
 */
export function cutByLengths(
  lengths: readonly number[],
  groups: number,
  most: number,
): readonly (readonly [start: number, end: number])[] {
  const cheapest: { readonly cost: number; readonly start: number }[] = [];
  for (const last of lengths.keys()) {
    let best = { cost: Number.POSITIVE_INFINITY, start: last };
    let length = 0;
    for (let start = last; start > last - most && start >= 0; start--) {
      length = Math.max(length, lengths[start] ?? 0);
      const before = cheapest[start - 1]?.cost ?? 0;
      const cost = before + groups * (last + 1 - start) * length + RUN_TOKENS;
      if (cost < best.cost) best = { cost, start };
    }
    cheapest.push(best);
  }
  const cuts: (readonly [number, number])[] = [];
  for (let end = lengths.length; end > 0; end = cheapest[end - 1]?.start ?? 0) {
    cuts.unshift([cheapest[end - 1]?.start ?? 0, end]);
  }
  return cuts;
}
