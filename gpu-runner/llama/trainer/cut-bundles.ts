/** Bundles that go through the engine together are padded where attention reads them: where to part a batch that is sorted. */

/** What attention reads of texts that begin alike, padded to the longest. */
export interface BundleSize {
  /** tokens that all of them begin with */
  readonly prefix: number;
  readonly texts: number;
  /** tokens of the longest behind that */
  readonly own: number;
}

/** Pairs of places that attention takes about as long for as everything else takes for a token: near the width of a model. */
const PAIRS_A_TOKEN = 512;

/** What a run of the engine costs beside what it reads, in tokens. */
const RUN_TOKENS = 32;

/** What attention over a bundle costs, in tokens. The place of a shared beginning is there even where nothing is shared. */
export function attentionTokens({ prefix, texts, own }: BundleSize): number {
  const shared = Math.max(1, prefix);
  return (shared ** 2 + texts * own * (shared + own)) / PAIRS_A_TOKEN;
}

/** The size that holds both. */
export function holdingBoth(one: BundleSize, other: BundleSize): BundleSize {
  return {
    prefix: Math.max(one.prefix, other.prefix),
    texts: Math.max(one.texts, other.texts),
    own: Math.max(one.own, other.own),
  };
}

/** Tokens of a bundle: what is shared counts once. */
export function tokensOf({ prefix, texts, own }: BundleSize): number {
  return prefix + texts * own;
}

/** What a part may hold at the most, but one bundle at the least. */
export interface PartLimits {
  /** texts of one group */
  readonly texts: number;
  /** tokens of all groups */
  readonly tokens: number;
}

/** Bundles before those that are larger: of fewer texts, then of less attention. */
export function bySize(one: BundleSize, other: BundleSize): number {
  return one.texts - other.texts || attentionTokens(one) - attentionTokens(other);
}

/**
 * Where to cut bundles that stand {@link bySize}, such that what is padded and runs cost least: the cheapest cut of the first n
 * bundles ends in a part behind the cheapest cut of fewer.
 *
 * @param sizes of the bundles at each place, over all groups
 * @param groups how many bundles stand at each place
 * @returns [start, end) of each part
 */
export function cutBundles(
  sizes: readonly BundleSize[],
  groups: number,
  most: PartLimits,
): readonly (readonly [start: number, end: number])[] {
  const cheapest: { readonly cost: number; readonly start: number }[] = [];
  for (const [last, size] of sizes.entries()) {
    let best = { cost: Number.POSITIVE_INFINITY, start: last };
    let holding = size;
    let tokens = 0;
    for (let start = last; start >= 0; start--) {
      holding = holdingBoth(holding, sizes[start] ?? size);
      const bundles = last + 1 - start;
      tokens += groups * tokensOf(sizes[start] ?? size);
      if (bundles > 1 && (bundles * holding.texts > most.texts || tokens > most.tokens)) break;
      const before = cheapest[start - 1]?.cost ?? 0;
      const cost = before + groups * bundles * attentionTokens(holding) + RUN_TOKENS;
      if (cost < best.cost) best = { cost, start };
    }
    cheapest.push(best);
  }
  const cuts: (readonly [number, number])[] = [];
  for (let end = sizes.length; end > 0; end = cheapest[end - 1]?.start ?? 0) {
    cuts.unshift([cheapest[end - 1]?.start ?? 0, end]);
  }
  return cuts;
}
