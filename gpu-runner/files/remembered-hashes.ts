/** SHA-256 of large files, computed once and remembered for as long as the file is untouched. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { hasCode } from '../../shared/caught.ts';
import { hashFile } from './files.ts';
import { ModelFileError } from './model-file-error.ts';

/** What changes when a file's bytes do; the time of change cannot be set back as that of modification can. */
const stateSchema = z.strictObject({
  path: z.string(),
  inode: z.string(),
  bytes: z.string(),
  modified: z.string(),
  changed: z.string(),
});

const recordSchema = z.strictObject({
  state: stateSchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

type FileState = z.infer<typeof stateSchema>;

export class RememberedHashes {
  readonly #folder: string;

  /** @param cacheDirectory kept between runs; who can write there is trusted as the model files themselves are */
  constructor(cacheDirectory: string) {
    this.#folder = path.join(cacheDirectory, 'hashes');
  }

  /** SHA-256 in lower-case hex. @throws ModelFileError if the file changes while it is read */
  async hashOf(file: string): Promise<string> {
    const before = await stateOf(file);
    const remembered = await this.#recall(before);
    if (remembered !== null) return remembered;
    const sha256 = await hashFile(file);
    if (!same(before, await stateOf(file))) {
      const cure = 'Try again when nothing writes to it any more';
      throw new ModelFileError(file, null, 'was written to while it was read', cure);
    }
    await this.#remember(before, sha256);
    return sha256;
  }

  async #recall(state: FileState): Promise<string | null> {
    let text: string;
    try {
      text = await readFile(this.#recordOf(state), 'utf8');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
    const record = recordSchema.safeParse(parsed(text)).data;
    return record !== undefined && same(record.state, state) ? record.sha256 : null;
  }

  async #remember(state: FileState, sha256: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const record = this.#recordOf(state);
    const partial = `${record}.partial-${randomUUID()}`;
    await writeFile(partial, JSON.stringify({ state, sha256 }));
    await rename(partial, record);
  }

  #recordOf(state: FileState): string {
    const key = createHash('sha256').update(state.path).digest('hex');
    return path.join(this.#folder, `${key}.json`);
  }
}

async function stateOf(file: string): Promise<FileState> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return {
    path: path.resolve(file),
    inode: String(ino),
    bytes: String(size),
    modified: String(mtimeNs),
    changed: String(ctimeNs),
  };
}

function same(a: FileState, b: FileState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A record that was cut short is none: the hash is then computed again. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
