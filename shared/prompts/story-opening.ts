/** The opening of a story as a prompt: its first sentences, so that a model goes on. */

/**
 * A sentence ends where white space follows its mark and a capital, a digit or a quote comes next; not inside a number
 * ("3.50") and not behind an abbreviation ("U.S.A. team", "Mr. Fox", "J. Smith").
 */
const SENTENCE_END =
  /(?<!\b(?:Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|Mt|No|vs|\p{Lu}))(?:\.|[!?])[.!?]*["'”’)]*(?=\s+["'“‘(]*[\p{Lu}\p{N}]|\s*$)/gu;
const [SHORTEST, LONGEST] = [15, 40];

/**
 * As few whole sentences as give 15 words, of at most 40 words and never the whole story.
 *
 * @returns undefined where there is no such opening
 */
export function storyOpening(story: string): string | undefined {
  const text = story.trim();
  const ends = [...text.matchAll(SENTENCE_END)].map((end) => end.index + end[0].length);
  for (const end of ends.slice(0, -1)) {
    const opening = text.slice(0, end).replaceAll(/\s+/g, ' ');
    const words = opening.split(' ').length;
    if (words >= SHORTEST) return words <= LONGEST ? opening : undefined;
  }
  return undefined;
}
