/** The words of a text, for measures that must not depend on a tokenizer. */

/** Lower-case words: runs of letters, digits and inner apostrophes; punctuation is dropped. */
export function words(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? []
  );
}
