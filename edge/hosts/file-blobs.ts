/**
 * Blobs as files: written beside their place and renamed into it, so that a name is whole or absent; and on the disk, name and
 * bytes, before whoever put one is told, so that no row outlives a crash that its bytes have not.
 */
import { randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readdirSync,
  rmdirSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Blobs, ByteRange } from '../store/blobs.ts';
import { hasCode } from '../../shared/caught.ts';
import { flush } from './flush.ts';

/** A file below the folder of the blobs. */
export interface BlobFile {
  /** Of the blob, or of one that is being written. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Whether it is being written, or its writing was broken off. */
  readonly isTemporary: boolean;
}

export class FileBlobs implements Blobs {
  readonly #directory: string;
  /** Folders that are named on the disk, or are about to be. */
  readonly #named = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.#directory = resolve(directory);
  }

  #path(name: string): string {
    if (!/^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/.test(name)) {
      throw new RangeError(`blob name ${JSON.stringify(name)}: use a-z, 0-9, hyphens and slashes`);
    }
    return join(this.#directory, name);
  }

  /** Makes a folder, and waits until those above name it on the disk; however many puts ask at the same time. */
  async #makeFolder(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const known = this.#named.get(folder) ?? this.#flushAbove(folder);
    this.#named.set(folder, known);
    await known.catch((error: unknown) => {
      this.#named.delete(folder);
      throw error;
    });
  }

  async #flushAbove(folder: string): Promise<void> {
    for (let below = folder; below !== dirname(this.#directory); below = dirname(below)) {
      await flush(dirname(below));
    }
  }

  /** Every file but those that are removed meanwhile, in no order. */
  async list(): Promise<BlobFile[]> {
    if (!existsSync(this.#directory)) return [];
    const files: BlobFile[] = [];
    for (const entry of await readdir(this.#directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const found = await statOrNothing(path);
      if (!found) continue;
      const name = relative(this.#directory, path).replaceAll(sep, '/');
      const isTemporary = entry.name.startsWith('.');
      files.push({ name, path, bytes: found.size, modifiedAt: found.mtimeMs, isTemporary });
    }
    return files;
  }

  /** Removes what a process that was killed left half-written, and folders of uploads that have ended; nobody else may be writing. */
  sweep(): void {
    if (!existsSync(this.#directory)) return;
    for (const entry of readdirSync(this.#directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && entry.name.startsWith('.')) rmSync(path);
      if (entry.isDirectory() && readdirSync(path).length === 0) rmdirSync(path);
    }
  }

  async put(
    name: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    verify?: () => void | Promise<void>,
  ): Promise<void> {
    const path = this.#path(name);
    await this.#makeFolder(dirname(path));
    const temporary = join(dirname(path), `.${randomUUID()}`);
    try {
      await pipeline(bytes instanceof Uint8Array ? [bytes] : bytes, createWriteStream(temporary));
      await flush(temporary);
      await verify?.();
      await rename(temporary, path);
      await flush(dirname(path));
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
    return (await statOrNothing(this.#path(name)))?.size;
  }

  /** Moves a blob out of the store, to a path outside. */
  async setAside(name: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await rename(this.#path(name), path);
  }

  async delete(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
