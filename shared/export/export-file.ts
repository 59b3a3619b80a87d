/** A file of an export: its name in the folder, and its bytes piece by piece, so that nothing is held whole. */

export interface ExportFile {
  readonly name: string;
  /** Called once, when its turn comes. */
  readonly chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export function textFile(name: string, text: string): ExportFile {
  return { name, chunks: () => [new TextEncoder().encode(text)] };
}

export function jsonFile(name: string, value: unknown): ExportFile {
  return textFile(name, `${JSON.stringify(value, null, 2)}\n`);
}
