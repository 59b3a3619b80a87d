/** What a model on the hub consists of: its commit and its files, with the sizes and hashes that the hub states. */
import { z } from 'zod';
import { checkedBy, parseJsonObject } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import type { HubConnection } from './hub-connection.ts';

const MAXIMUM_LISTING_BYTES = 64 * 1024 * 1024;
const cure = 'Check HF_ENDPOINT, or download the folder by other means and give its path';

const bytes = z.int().min(0);

const listingSchema = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{7,64}$/),
  siblings: z.array(
    z.looseObject({
      rfilename: z.string(),
      size: bytes,
      blobId: z.string().nullish(),
      lfs: z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: bytes }).nullish(),
    }),
  ),
});

/** A file of a model, not yet fetched. */
export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of large files; git's own hash of small ones (SHA-1 over a header and the bytes); null where none is told. */
  readonly hash: { readonly kind: 'sha256' | 'git'; readonly hex: string } | null;
}

export interface HubListing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, HubFile>;
}

/** @param revision branch, tag or commit @throws ModelFileError */
export async function listModel(
  connection: HubConnection,
  model: string,
  revision: string,
): Promise<HubListing> {
  const response = await connection.get(
    `api/models/${model}/revision/${encodeURIComponent(revision)}?blobs=true`,
    model,
  );
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAXIMUM_LISTING_BYTES) {
      throw new ModelFileError(
        model,
        null,
        `has a listing of more than ${MAXIMUM_LISTING_BYTES} bytes`,
        cure,
      );
    }
    parts.push(part);
  }
  const json = parseJsonObject(Buffer.concat(parts), model, 'listing', cure);
  const { sha, siblings } = checkedBy(listingSchema, json, model, cure);
  const files = siblings.map(({ rfilename: name, size, blobId, lfs }): HubFile => {
    if (lfs !== null && lfs !== undefined)
      return { name, bytes: lfs.size, hash: { kind: 'sha256', hex: lfs.sha256 } };
    const isGit = typeof blobId === 'string' && /^[0-9a-f]{40}$/.test(blobId);
    return { name, bytes: size, hash: isGit ? { kind: 'git', hex: blobId } : null };
  });
  return { commit: sha, files: new Map(files.map((file) => [file.name, file])) };
}
