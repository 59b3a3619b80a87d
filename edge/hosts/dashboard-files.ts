/** The dashboard's built files on the Node host. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadDashboardFile } from '../http/dependencies.ts';

/** @param folder nothing outside it is ever read */
export function dashboardFiles(folder: string): ReadDashboardFile {
  return async (path) => {
    const file = join(folder, normalize(join('/', path)));
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (!found?.isFile()) return undefined;
    return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
  };
}
