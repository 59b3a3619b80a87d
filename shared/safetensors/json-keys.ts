/** Duplicate keys of a JSON object, which JSON.parse passes over in silence. */

/**
 * The first key that stands twice at the top level of a JSON object, or null.
 *
 * @param text valid JSON of an object
 */
export function duplicateTopLevelKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  let expectsKey = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') {
      const end = endOfString(text, index);
      if (depth === 1 && expectsKey) {
        const key = String(JSON.parse(text.slice(index, end + 1)));
        if (seen.has(key)) return key;
        seen.add(key);
        expectsKey = false;
      }
      index = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
      expectsKey = depth === 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (character === ',' && depth === 1) {
      expectsKey = true;
    }
  }
  return null;
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
