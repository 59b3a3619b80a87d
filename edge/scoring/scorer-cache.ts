/** The scorers that this isolate holds open, by hash: a file never changes, so an entry is never stale. */
import { createHash } from 'node:crypto';
import { conflict } from '../domain/errors.ts';
import { artifactBlob } from '../store/artifacts.ts';
import { type Blobs, chunksOf } from '../store/blobs.ts';
import { ScorerFileError } from './scorer-file-error.ts';
import { Scorer } from './scorer.ts';

/** Each takes about 3 MB of an isolate's 128. */
const MAXIMUM_OPEN = 8;
/** Larger files are no scorers of ours. */
const MAXIMUM_BYTES = 8 * 1024 * 1024;

export class ScorerCache {
  readonly #blobs: Blobs;
  readonly #kernel: WebAssembly.Module;
  /** In order of use, the oldest first. */
  readonly #open = new Map<string, Scorer>();

  constructor(blobs: Blobs, kernel: WebAssembly.Module) {
    this.#blobs = blobs;
    this.#kernel = kernel;
  }

  /** @throws DomainError `conflict` where the file is missing or damaged: a label can be moved to another scorer */
  async get(sha256: string): Promise<Scorer> {
    const known = this.#open.get(sha256);
    this.#open.delete(sha256);
    const scorer = known ?? (await this.#read(sha256));
    this.#open.set(sha256, scorer);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAXIMUM_OPEN && oldest !== undefined) this.#open.delete(oldest);
    return scorer;
  }

  async #read(sha256: string): Promise<Scorer> {
    const bytes = await readBlob(this.#blobs, sha256);
    try {
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new ScorerFileError('its bytes do not have its hash');
      }
      return new Scorer(this.#kernel, bytes);
    } catch (error) {
      if (!(error instanceof ScorerFileError)) throw error;
      throw conflict(
        `The scorer's file ${sha256} cannot be used: ${error.message}; point the label at another scorer`,
      );
    }
  }
}

/** @throws DomainError `conflict` where it is not stored or too large for a scorer */
export async function readBlob(blobs: Blobs, sha256: string): Promise<Uint8Array> {
  const stream = await blobs.get(artifactBlob(sha256));
  if (!stream) {
    throw conflict(
      `The scorer's file ${sha256} is not stored; put it again, or point the label at another scorer`,
    );
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAXIMUM_BYTES) {
      throw conflict(`The scorer's file ${sha256} is larger than the ${MAXIMUM_BYTES} bytes of a scorer`);
    }
  }
  return Buffer.concat(chunks);
}
