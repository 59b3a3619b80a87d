/** The scorers that this isolate holds open, by hash: a file never changes, so an entry is never stale. */
import { conflict } from '../domain/errors.ts';
import { openArtifact } from '../store/artifact-bytes.ts';
import { chunksOf } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { ScorerFileError } from './scorer-file-error.ts';
import { Scorer } from './scorer.ts';

/** Each takes about 3 MB of an isolate's 128. */
const MAXIMUM_OPEN = 8;
/** Larger files are no scorers of ours. */
const MAXIMUM_BYTES = 8 * 1024 * 1024;

export class ScorerCache {
  readonly #store: Store;
  readonly #kernel: WebAssembly.Module;
  /** In order of use, the oldest first. */
  readonly #open = new Map<string, Scorer>();

  constructor(store: Store, kernel: WebAssembly.Module) {
    this.#store = store;
    this.#kernel = kernel;
  }

  /** @throws DomainError `artifact-damaged`, or `conflict` where the file is missing: a label can be moved to another scorer */
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
    const bytes = await readScorerFile(sha256, await openArtifact(this.#store, sha256));
    try {
      return new Scorer(this.#kernel, bytes);
    } catch (error) {
      if (!(error instanceof ScorerFileError)) throw error;
      throw conflict(
        `The scorer's file ${sha256} cannot be used: ${error.message}; point the label at another scorer`,
      );
    }
  }
}

/** @param stream of the artifact; undefined where it is not stored
 * @throws DomainError `conflict` where it is not stored or too large for a scorer */
export async function readScorerFile(
  sha256: string,
  stream: ReadableStream<Uint8Array> | undefined,
): Promise<Uint8Array> {
  if (!stream) {
    throw conflict(
      `The scorer's file ${sha256} is not stored, or damaged; put it again, or point the label at another scorer`,
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
