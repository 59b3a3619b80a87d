/** The dashboard's built files on the Node host. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadDashboardFile } from '../http/dependencies.ts';
import { hasCode } from '../../shared/caught.ts';

/** @param folder nothing outside it is ever read */
export function dashboardFiles(folder: string): ReadDashboardFile {
  return async (path) => {
    const file = join(folder, normalize(join('/', path)));
    const found = await stat(file).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    });
    if (!found?.isFile()) return undefined;
    return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
  };
}
