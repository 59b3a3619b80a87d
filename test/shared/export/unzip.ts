/** Files of a zip that is stored, by its central directory. */
export function unzip(zip: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(zip.buffer, zip.byteOffset);
  const files = new Map<string, Uint8Array>();
  let place = view.getUint32(zip.length - 6, true);
  while (view.getUint32(place, true) === 0x02_01_4b_50) {
    const size = view.getUint32(place + 24, true);
    const nameLength = view.getUint16(place + 28, true);
    const extraLength = view.getUint16(place + 30, true);
    const local = view.getUint32(place + 42, true);
    const name = new TextDecoder().decode(zip.subarray(place + 46, place + 46 + nameLength));
    const start = local + 30 + nameLength + view.getUint16(local + 28, true);
    files.set(name, zip.subarray(start, start + size));
    place += 46 + nameLength + extraLength + view.getUint16(place + 32, true);
  }
  return files;
}
