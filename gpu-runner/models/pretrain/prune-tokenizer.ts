/** A byte-level BPE tokenizer cut down to the tokens that a text needs: what stays is cut as before. */
import { z } from 'zod';
import { UserError } from '../../../shared/user-error.ts';
import { byteCharacters } from '../../llama/tokenizer/pipeline/byte-characters.ts';

/** What of a tokenizer.json is read and written here; the rest stays as it is. */
export const bytePairTokenizer = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })),
  model: z.looseObject({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.int()),
    merges: z.array(z.union([z.tuple([z.string(), z.string()]), z.string()])),
  }),
});

export type BytePairTokenizer = z.output<typeof bytePairTokenizer>;

/** A tokenizer with fewer tokens, and the old number of each: null for a byte that the old one had no token for. */
export interface PrunedTokenizer {
  readonly tokenizer: BytePairTokenizer;
  readonly oldTokens: readonly (number | null)[];
}

/**
 * Keeps the special tokens named, all 256 bytes, and the most frequent tokens with all that their merges are made of, as
 * many as there is room for.
 *
 * @param counts how often each token of the old vocabulary occurs in the text
 * @throws UserError where a special token is none of the vocabulary, or the room does not hold them and the bytes
 */
export function pruneTokenizer(
  tokenizer: BytePairTokenizer,
  counts: ReadonlyMap<number, number>,
  special: readonly string[],
  size: number,
): PrunedTokenizer {
  const { vocab } = tokenizer.model;
  const absent = special.filter((text) => vocab[text] === undefined);
  if (absent.length > 0)
    throw new UserError(
      `a teacher needs the token ${absent.join(' and ')} in its vocabulary; choose another`,
    );
  const merges = tokenizer.model.merges.map((merge) => pairOf(merge));
  const partsOf = new Map<string, readonly [string, string]>();
  for (const [first, second] of merges) {
    if (!partsOf.has(first + second)) partsOf.set(first + second, [first, second]);
  }
  const kept = new Set([...special, ...byteCharacters]);
  if (kept.size > size)
    throw new UserError(`a vocabulary of ${size} has no room for ${kept.size} bytes and special tokens`);
  const named = new Map(Object.entries(vocab).map(([text, token]) => [token, text]));
  const byCount = [...counts].toSorted(([one, often], [other, seldom]) => seldom - often || one - other);
  for (const [token] of byCount) {
    const needed = missing(named.get(token), partsOf, kept);
    if (kept.size + needed.length <= size) for (const text of needed) kept.add(text);
  }
  const old = [...kept].toSorted((one, other) => (vocab[one] ?? Infinity) - (vocab[other] ?? Infinity));
  const tokens = new Map(old.map((text, token) => [text, token]));
  return {
    oldTokens: old.map((text) => vocab[text] ?? null),
    tokenizer: {
      ...tokenizer,
      added_tokens: tokenizer.added_tokens.flatMap((added) => {
        const id = special.includes(added.content) ? tokens.get(added.content) : undefined;
        return id === undefined ? [] : [{ ...added, id }];
      }),
      model: {
        ...tokenizer.model,
        vocab: Object.fromEntries(tokens),
        merges: merges.filter(
          ([first, second]) => kept.has(first) && kept.has(second) && kept.has(first + second),
        ),
      },
    },
  };
}

function pairOf(merge: readonly [string, string] | string): [string, string] {
  if (typeof merge !== 'string') return [merge[0], merge[1]];
  const [first = '', second = ''] = merge.split(' ');
  return [first, second];
}

/** The token and what it is merged from, without what is kept already. */
function missing(
  text: string | undefined,
  partsOf: ReadonlyMap<string, readonly [string, string]>,
  kept: ReadonlySet<string>,
): string[] {
  if (text === undefined || kept.has(text)) return [];
  const parts = (partsOf.get(text) ?? []).flatMap((part) => missing(part, partsOf, kept));
  return [...new Set([...parts, text])];
}
