/** Writes the files of an export into a folder, and says how far it is. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ExportFile } from '../../shared/export/export-file.ts';

/** @param onProgress called now and then with the bytes of a file that are written */
export async function writeFiles(
  folder: string,
  files: readonly ExportFile[],
  onProgress: (file: string, bytes: number) => void,
): Promise<void> {
  for (const { name, chunks } of files) {
    const handle = await open(path.join(folder, name), 'wx');
    let written = 0;
    try {
      for await (const chunk of chunks()) {
        await handle.writeFile(chunk);
        written += chunk.length;
        onProgress(name, written);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
