/** A shared library with nothing in it but what it is linked with, for tests of what looks at that. */

const HEADER_BYTES = 64;
const TAG_BYTES = 16;

/**
 * A 64-bit little-endian ELF file.
 *
 * @param needed names of the libraries that it is linked with
 * @param text further bytes that stand among its strings
 */
export function sharedLibrary(needed: readonly string[], text = ''): Buffer {
  const strings = Buffer.from(`\0${text}\0${needed.join('\0')}\0`, 'latin1');
  const tags = Buffer.alloc(TAG_BYTES * (needed.length + 1));
  let place = text.length + 2;
  needed.forEach((name, index) => {
    tags.writeBigInt64LE(1n, index * TAG_BYTES);
    tags.writeBigUInt64LE(BigInt(place), index * TAG_BYTES + 8);
    place += name.length + 1;
  });
  const tagsAt = HEADER_BYTES + strings.length;
  const section = (type: number, offset: number, size: number, link: number): Buffer => {
    const bytes = Buffer.alloc(HEADER_BYTES);
    bytes.writeUInt32LE(type, 4);
    bytes.writeBigUInt64LE(BigInt(offset), 24);
    bytes.writeBigUInt64LE(BigInt(size), 32);
    bytes.writeUInt32LE(link, 40);
    return bytes;
  };
  const sections = [
    section(0, 0, 0, 0),
    section(3, HEADER_BYTES, strings.length, 0),
    section(6, tagsAt, tags.length, 1),
  ];
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeBigUInt64LE(BigInt(tagsAt + tags.length), 0x28);
  header.writeUInt16LE(HEADER_BYTES, 0x3a);
  header.writeUInt16LE(sections.length, 0x3c);
  return Buffer.concat([header, strings, tags, ...sections]);
}
