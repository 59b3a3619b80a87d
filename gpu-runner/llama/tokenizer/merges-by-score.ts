/** Rebuilds the ordered merges of a BPE vocabulary from the scores of its tokens. */

/** A token that merging makes. */
export interface ScoredToken {
  readonly text: string;
  readonly id: number;
  readonly score: number;
}

/**
 * Every way to make a token of two others, by falling score of the result; ids break ties.
 *
 * SentencePiece and llama2.c join the neighbours whose text is the token of the highest score, the leftmost first; merges
 * in this order say the same.
 *
 * @param parts texts that may be merged further
 */
export function mergesByScore(
  tokens: readonly ScoredToken[],
  parts: { readonly has: (text: string) => boolean },
): [string, string][] {
  return tokens
    .toSorted((a, b) => b.score - a.score || a.id - b.id)
    .flatMap(({ text }) => {
      const merges: [string, string][] = [];
      for (let cut = 1; cut < text.length; cut++) {
        // A cut within a character would leave half of it on either side.
        if (isLowSurrogate(text.charCodeAt(cut))) continue;
        const left = text.slice(0, cut);
        const right = text.slice(cut);
        if (parts.has(left) && parts.has(right)) merges.push([left, right]);
      }
      return merges;
    });
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc_00 && unit <= 0xdf_ff;
}
