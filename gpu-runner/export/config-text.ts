/** config.json as text: what was written as a float stays one, which the readers of some fields insist on. */

const FLOAT = /"(\w+)"\s*:\s*-?\d+\.0+(?=\s*[,}\]])/g;

/** @param original the text of which the values come; null where they are written anew */
export function configText(config: Readonly<Record<string, unknown>>, original: string | null): string {
  const floats = new Set([...(original ?? '').matchAll(FLOAT)].map(([, key]) => key));
  const written = JSON.stringify(config, null, 2).replaceAll(
    /"(\w+)": (-?\d+)(?=[,\n])/g,
    (text, key: string) => (floats.has(key) ? `${text}.0` : text),
  );
  return `${written}\n`;
}
