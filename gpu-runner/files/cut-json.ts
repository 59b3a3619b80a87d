/** Where a JSON text that was cut off ends: half a download is told from a file of another kind. */

/** A string, whole or cut off, or a mark. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\]:,]/gsu;

/**
 * The names that lead to where `text` ends, with dots between them: the innermost object or array that is still open there.
 * Empty for the outermost one; null where nothing is open, so that the fault is no cut.
 */
export function placeOfCut(text: string): string | null {
  /** Of each open object or array the name under which it stands; empty where it has none. */
  const open: string[] = [];
  let before = '';
  let name = '';
  for (const { 0: token } of text.matchAll(TOKEN)) {
    if (token === ':') name = before.slice(1, -1);
    if (token === '{' || token === '[') {
      open.push(name);
      name = '';
    } else if (token === '}' || token === ']') open.pop();
    if (token === ',' || token === '}' || token === ']') name = '';
    before = token;
  }
  if (open.length === 0) return null;
  return [...open, name].filter((part) => part !== '').join('.');
}
