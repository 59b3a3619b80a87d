/** Openings of stories as prompts: the first sentences of each, so that a model goes on. */

const END_OF_STORY = '<|endoftext|>';
const SENTENCE = /[^.!?]+[.!?]+["'”’)]*(?=\s|$)/g;
const [SHORTEST, LONGEST] = [15, 40];

/**
 * The opening of every story: as few whole sentences as give 15 words, of at most 40 words and never the whole story.
 * Stories without such an opening are left out, and so are repetitions.
 */
export function storyPrompts(text: string): string[] {
  const openings = text.split(END_OF_STORY).flatMap((story) => openingOf(story) ?? []);
  return [...new Set(openings)];
}

function openingOf(story: string): string | undefined {
  const sentences = [...story.trim().matchAll(SENTENCE)].map(([sentence]) =>
    sentence.replaceAll(/\s+/g, ' ').trim(),
  );
  for (let count = 1; count < sentences.length; count++) {
    const opening = sentences.slice(0, count).join(' ');
    const words = opening.split(' ').length;
    if (words >= SHORTEST) return words <= LONGEST ? opening : undefined;
  }
  return undefined;
}
