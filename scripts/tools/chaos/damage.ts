/** Flips bits of stored artifacts, and gives the right bytes back as their owner would: by a PUT. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, type Client } from '../../../shared/api/client.ts';
import { hasCode } from '../../../shared/caught.ts';

interface Flipped {
  readonly sha256: string;
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class Damage {
  readonly #artifacts: string;
  readonly #client: Client;
  readonly #flipped: Flipped[] = [];

  /** @param store the edge's folder */
  constructor(store: string, client: Client) {
    this.#artifacts = join(store, 'blobs', 'artifacts');
    this.#client = client;
  }

  /**
   * Flips one bit of an artifact's stored bytes.
   *
   * @param at which, from 0 to 1
   * @returns whether there were any bytes, and the right ones
   */
  async flip(sha256: string, at: number): Promise<boolean> {
    const names = await readdir(this.#artifacts);
    const name = names.find((one) => one.startsWith(sha256));
    if (name === undefined) return false;
    const file = join(this.#artifacts, name);
    const bytes = new Uint8Array(await readFile(file));
    // What is damaged already has no right bytes to be given back.
    if (bytes.length === 0 || hashOf(bytes) !== sha256) return false;
    const damaged = bytes.slice();
    const bit = Math.floor(at * bytes.length * 8);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    this.#flipped.push({ sha256, file, bytes });
    await writeFile(file, damaged);
    return true;
  }

  /**
   * Puts the right bytes of everything that is still damaged.
   *
   * @returns how many artifacts were mended by it, and how many the edge served wrong even then
   */
  async mend(): Promise<{ readonly mended: number; readonly unmended: number }> {
    let [mended, unmended] = [0, 0];
    for (const { sha256, file, bytes } of this.#flipped.splice(0)) {
      if (!(await isDamaged(file, sha256))) continue;
      const isMended = await this.#put(sha256, bytes);
      if (isMended === true) mended += 1;
      if (isMended === false) unmended += 1;
    }
    return { mended, unmended };
  }

  /** @returns undefined where the edge has no such artifact any more */
  async #put(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean | undefined> {
    const parameters = { sha256 };
    try {
      const { kind, mediaType } = await this.#client.getArtifactDetails({ parameters });
      await this.#client.putArtifact({ parameters, query: { kind, mediaType }, body: new Blob([bytes]) });
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 404) return undefined;
      throw error;
    }
    const served = await this.#client.downloadArtifact({ parameters });
    return hashOf(new Uint8Array(await served.arrayBuffer())) === sha256;
  }
}

/** Whether the file is still there with other bytes. */
async function isDamaged(file: string, sha256: string): Promise<boolean> {
  try {
    return hashOf(await readFile(file)) !== sha256;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
