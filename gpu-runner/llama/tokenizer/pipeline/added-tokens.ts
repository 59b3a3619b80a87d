/** Tokens that are found in a text before it is split: special ones and those that were added to a vocabulary. */
import { z } from 'zod';
import type { Normalize } from './normalizers.ts';
import { escaped } from './patterns.ts';

export const addedTokenSchema = z.looseObject({
  id: z.int().min(0),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

export type AddedToken = z.infer<typeof addedTokenSchema>;

/** A part of a text: a token, or text to go on with. */
export type Section = { readonly id: number } | { readonly text: string; readonly first: boolean };

/** Finds the tokens of one pass: those written as they are, or those whose text is normalised like the text around them. */
export class AddedTokenFinder {
  readonly #byText: ReadonlyMap<string, AddedToken>;
  /** The longest first, so that it wins where several begin. */
  readonly #expression: RegExp | null;

  /** @param contentOf the text under which a token is found */
  constructor(tokens: readonly AddedToken[], contentOf: Normalize) {
    this.#byText = new Map(tokens.map((token) => [contentOf(token.content), token]));
    const texts = [...this.#byText.keys()]
      .filter((text) => text !== '')
      .toSorted((a, b) => b.length - a.length);
    this.#expression = texts.length === 0 ? null : new RegExp(texts.map(escaped).join('|'), 'gu');
  }

  /** @param plain special tokens' texts are text like any other */
  split(text: string, first: boolean, plain: boolean): Section[] {
    if (this.#expression === null) return text === '' ? [] : [{ text, first }];
    const sections: Section[] = [];
    let end = 0;
    const addText = (until: number): void => {
      if (until > end) sections.push({ text: text.slice(end, until), first: first && end === 0 });
    };
    for (const { 0: found, index } of text.matchAll(this.#expression)) {
      const token = this.#byText.get(found);
      if (token === undefined || (plain && token.special)) continue;
      const after = index + found.length;
      if (token.single_word && (isWord(text.slice(0, index), true) || isWord(text.slice(after), false)))
        continue;
      const left = token.lstrip ? text.slice(end, index).search(/\p{White_Space}*$/u) + end : index;
      addText(left);
      sections.push({ id: token.id });
      end = token.rstrip ? after + (/^\p{White_Space}*/u.exec(text.slice(after))?.[0].length ?? 0) : after;
    }
    addText(text.length);
    return sections;
  }
}

function isWord(text: string, atEnd: boolean): boolean {
  return atEnd
    ? /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u.test(text)
    : /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u.test(text);
}
