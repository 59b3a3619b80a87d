/** Stories as text: a file of stories cut apart, cleaned, and cut into sentences. */

/** The line that ends a story in TinyStories files. */
const END_OF_STORY = '<|endoftext|>';

/** Typographic characters and their plain forms, so that a small vocabulary holds the text. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[“”«»]/gu, '"'],
  [/[‘’]/gu, "'"],
  [/[–—]/gu, '-'],
  [/…/gu, '...'],
  [/\s*\n\s*/gu, '\n'],
  [/[ \t]+/gu, ' '],
];

/** Text a small story model can learn: printable ASCII. */
const LEARNABLE = /^[\n\u{20}-\u{7e}]+$/u;

/** Shorter texts are left-overs of the file, not stories. */
const SHORTEST_STORY = 120;

/**
 * The stories of a TinyStories file, cleaned; a last story without its end line is cut off and left out, and so are
 * stories with other characters than printable ASCII.
 */
export function splitStories(text: string): string[] {
  const parts = text.split(END_OF_STORY);
  parts.pop();
  return parts
    .map((part) => plainText(part))
    .filter((story) => story.length >= SHORTEST_STORY && LEARNABLE.test(story));
}

/** The text in plain characters, one line break between paragraphs, no white space around it. */
export function plainText(text: string): string {
  return PLAIN.reduce((clean, [pattern, plain]) => clean.replaceAll(pattern, plain), text).trim();
}

/** Cuts a text after each sentence; joined, the sentences are the text. */
export function sentences(text: string): string[] {
  return text.match(/.*?(?:[.!?]+["']*(?:\s+|$)|$)/gsu)?.filter((sentence) => sentence !== '') ?? [];
}
