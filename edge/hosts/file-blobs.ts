/** Blobs as files: written beside their place and renamed into it, so that a name is whole or absent. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Blobs, ByteRange } from '../store/blobs.ts';
import { hasCode } from '../../shared/caught.ts';

export class FileBlobs implements Blobs {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(name: string): string {
    if (!/^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/.test(name)) {
      throw new RangeError(`blob name ${JSON.stringify(name)}: use a-z, 0-9, hyphens and slashes`);
    }
    return join(this.#directory, name);
  }

  /** Removes what a process that was killed left half-written; nobody else may be writing. */
  sweep(): void {
    if (!existsSync(this.#directory)) return;
    for (const entry of readdirSync(this.#directory, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && entry.name.startsWith('.')) rmSync(join(entry.parentPath, entry.name));
    }
  }

  async put(
    name: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    verify?: () => void | Promise<void>,
  ): Promise<void> {
    const path = this.#path(name);
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `.${randomUUID()}`);
    try {
      await pipeline(bytes instanceof Uint8Array ? [bytes] : bytes, createWriteStream(temporary));
      const file = await open(temporary);
      await file.sync();
      await file.close();
      await verify?.();
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async get(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const path = this.#path(name);
    if ((await this.size(name)) === undefined) return undefined;
    const part = range ? { start: range.offset, end: range.offset + range.length - 1 } : {};
    return Readable.toWeb(createReadStream(path, part)) as ReadableStream<Uint8Array>;
  }

  async size(name: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(name))).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async delete(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }
}
