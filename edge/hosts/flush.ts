/** What is on the disk, and not only in the memory of the system. */
import { open } from 'node:fs/promises';

/** Waits until a file, or what a folder lists, is on the disk. */
export async function flush(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
