/** What a shared library is linked with: the DT_NEEDED entries of an ELF file, which the loader looks for when it opens it. */
import { closeSync, openSync, readSync } from 'node:fs';

const SECTION_DYNAMIC = 6;
const TAG_NEEDED = 1n;
const TAG_BYTES = 16;

/**
 * Names such as `libcudart.so.13`, in the file's order. Other library names in a file's text are those it may try to open
 * later, or never.
 *
 * Source: the layout of 64-bit little-endian files in the System V ABI (ELF header, section headers, dynamic section).
 *
 * @throws Error if the file is no 64-bit little-endian ELF file with a dynamic section
 */
export function neededLibraries(file: string): string[] {
  const handle = openSync(file, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      if (readSync(handle, bytes, 0, length, offset) !== length) throw new Error(`${file} is cut short`);
      return bytes;
    };
    const header = read(0, 64);
    if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') {
      throw new Error(`${file} is no library of a 64-bit little-endian system`);
    }
    const size = header.readUInt16LE(0x3a);
    const table = read(Number(header.readBigUInt64LE(0x28)), size * header.readUInt16LE(0x3c));
    const section = (index: number): Buffer => {
      const at = index * size;
      return read(Number(table.readBigUInt64LE(at + 24)), Number(table.readBigUInt64LE(at + 32)));
    };
    const count = table.length / size;
    const dynamic = Array.from({ length: count }, (_, index) => index).find(
      (index) => table.readUInt32LE(index * size + 4) === SECTION_DYNAMIC,
    );
    if (dynamic === undefined) throw new Error(`${file} is linked with nothing`);
    const tags = section(dynamic);
    const names = section(table.readUInt32LE(dynamic * size + 40)).toString('latin1');
    return Array.from({ length: tags.length / TAG_BYTES }, (_, index) => index * TAG_BYTES)
      .filter((at) => tags.readBigInt64LE(at) === TAG_NEEDED)
      .map((at) => {
        const from = Number(tags.readBigUInt64LE(at + 8));
        return names.slice(from, names.indexOf('\0', from));
      });
  } finally {
    closeSync(handle);
  }
}
