/** A text of stories parted by <|endoftext|>: the opening of each is a prompt. */
import { MAXIMUM_ROW_CHARACTERS, type FileRow, type RowParser } from './file-row.ts';
import { storyOpening } from './story-opening.ts';

export const END_OF_STORY = '<|endoftext|>';

/** Stories without an opening are left out, and so are repetitions. */
export function storyParser(): RowParser {
  const seen = new Set<string>();
  let line = 1;
  let text = '';
  const take = (story: string): FileRow[] => {
    const began = line + (/^\s*/.exec(story)?.[0].split('\n').length ?? 1) - 1;
    line += story.split('\n').length - 1;
    const opening = storyOpening(story);
    if (opening === undefined || seen.has(opening)) return [];
    seen.add(opening);
    return [{ line: began, columns: { prompt: opening } }];
  };
  return {
    push(piece) {
      const stories = (text + piece).split(END_OF_STORY);
      text = stories.pop() ?? '';
      const rows = stories.flatMap(take);
      // Only the beginning of a story is of use; what its end could part is kept.
      if (text.length > 2 * MAXIMUM_ROW_CHARACTERS) {
        const cut = text.slice(MAXIMUM_ROW_CHARACTERS, -END_OF_STORY.length);
        line += cut.split('\n').length - 1;
        text = text.slice(0, MAXIMUM_ROW_CHARACTERS) + text.slice(-END_OF_STORY.length);
      }
      return rows;
    },
    end: () => take(text),
  };
}
