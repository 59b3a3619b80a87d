/**
 * SentencePiece's compiled table of replacements, as tokenizers runs it: a double-array trie over UTF-8 bytes whose leaves
 * point at the replacement. Graphemes of fewer than six bytes are looked up whole, everything else character by character;
 * of several prefixes that the table has, the shortest counts.
 */

const WHOLE_BELOW_BYTES = 6;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * @param table base64 of the trie's size in bytes (32 bits, little endian), its units of 32 bits, and the replacements, each
 *   ended by a zero byte; an empty one replaces nothing
 * @throws RangeError if the table is damaged
 */
export function precompiledNormalizer(table: string): (text: string) => string {
  const bytes = Buffer.from(table, 'base64');
  if (bytes.length === 0) return (text) => text;
  const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length)
    throw new RangeError('precompiled_charsmap is cut off');
  const units = Uint32Array.from({ length: size / 4 }, (_, unit) => bytes.readUInt32LE(4 + 4 * unit));
  const replacements = bytes.subarray(4 + size);

  const replacementOf = (part: string): string | undefined => {
    const place = shortestPrefix(units, encoder.encode(part));
    if (place === undefined) return undefined;
    const end = replacements.indexOf(0, place);
    return decoder.decode(replacements.subarray(place, end === -1 ? undefined : end));
  };
  return (text) => {
    let normalized = '';
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < WHOLE_BELOW_BYTES ? replacementOf(segment) : undefined;
      normalized +=
        whole ?? Array.from(segment, (character) => replacementOf(character) ?? character).join('');
    }
    return normalized;
  };
}

/** Where the replacement of the shortest prefix of `key` begins. Units are those of the Darts library. */
function shortestPrefix(units: Uint32Array, key: Uint8Array): number | undefined {
  const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
  let place = offsetOf(units[0] ?? 0);
  for (const byte of key) {
    place ^= byte;
    const unit = units[place];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    place ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (units[place] ?? 0) & 0x7fffffff;
  }
  return undefined;
}
