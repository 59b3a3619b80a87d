/** The public TinyStories text, for those who have no file of their own. */
import { createWriteStream, existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

const ADDRESS = 'https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/TinyStories-valid.txt';

/** Downloads the validation file of TinyStories (22 MB, CDLA-Sharing-1.0) once and returns its path. */
export async function downloadStories(folder: string): Promise<string> {
  const file = path.join(folder, 'TinyStories-valid.txt');
  if (existsSync(file)) return file;
  const response = await fetch(ADDRESS);
  if (!response.ok || response.body === null) {
    throw new Error(`${ADDRESS} answered ${response.status}: give a file of stories with --data FILE`);
  }
  await pipeline(response.body, createWriteStream(`${file}.partial`));
  await rename(`${file}.partial`, file);
  return file;
}
