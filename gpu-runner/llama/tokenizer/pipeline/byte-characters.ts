/** The 256 characters by which byte-level tokenizers write bytes: printable ones as they are, the others from U+0100 on. */

export const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const bytes: ReadonlyMap<string, number> = new Map(
  byteCharacters.map((character, byte) => [character, byte]),
);

const encoder = new TextEncoder();

/** The UTF-8 bytes of a text, a character for each. */
export function bytesAsCharacters(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byteCharacters[byte]).join('');
}

/** The bytes that a token stands for; a token of other characters stands for its own text. */
export function charactersAsBytes(token: string): Uint8Array {
  const found = Array.from(token, (character) => bytes.get(character));
  return found.every((byte) => byte !== undefined) ? Uint8Array.from(found) : encoder.encode(token);
}
