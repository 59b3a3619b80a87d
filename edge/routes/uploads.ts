/** Uploads: an artifact in parts, joined and verified at the end. */
import { createHash } from 'node:crypto';
import { MAXIMUM_PARTS, type artifactEndpoints } from '../../shared/api/artifacts.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import type { Principal } from '../http/keys.ts';
import { conflict, invalidRequest, notFound } from '../domain/errors.ts';
import {
  deleteUpload,
  findUpload,
  insertUpload,
  listParts,
  partBlob,
  putPart,
  releaseParts,
  type UploadPartRow,
  type UploadRow,
} from '../store/artifacts.ts';
import { holdArtifact, putBy, writeArtifact } from '../store/artifact-bytes.ts';
import { chunksOf } from '../store/blobs.ts';
import { commit } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { UPLOAD_LIFETIME } from '../store/sweep.ts';
import { guardWriter } from './artifacts.ts';

function view(upload: UploadRow, parts: readonly UploadPartRow[]) {
  return {
    ...upload,
    parts: parts.map(({ number, bytes, etag }) => ({ number, bytes, sha256: etag })),
    expiresAt: upload.createdAt + UPLOAD_LIFETIME,
  };
}

/** @throws DomainError `conflict` where a part is missing or the parts are not as long as the whole */
function requireWhole(upload: UploadRow, parts: readonly UploadPartRow[]): void {
  const missing = parts.findIndex(({ number }, index) => number !== index + 1);
  if (missing >= 0) throw conflict(`Part ${missing + 1} has not arrived; put it before completing`);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (bytes !== upload.bytes) {
    throw conflict(`The parts have ${bytes} bytes and the upload ${upload.bytes}; put the missing part`);
  }
}

/** @throws DomainError `conflict` as soon as there are more bytes than the upload declared: nothing of them stays */
async function* within(chunks: AsyncIterable<Uint8Array>, room: number, { bytes }: UploadRow) {
  let read = 0;
  for await (const chunk of chunks) {
    read += chunk.length;
    if (read > room) throw conflict(`The upload declared ${bytes} bytes, and this part goes beyond them`);
    yield chunk;
  }
}

export function uploadHandlers(
  dependencies: Dependencies,
): Pick<
  Handlers<typeof artifactEndpoints>,
  'createUpload' | 'getUpload' | 'putUploadPart' | 'completeUpload' | 'abortUpload'
> {
  const { database, blobs } = dependencies;

  /** An upload of this key; another key's does not exist for it. */
  async function requireUpload(uploadId: string, { keyId }: Principal): Promise<UploadRow> {
    const upload = await findUpload(database, uploadId);
    if (!upload || upload.keyId !== keyId) throw notFound(`upload ${uploadId} of this key`);
    return upload;
  }

  /** The lease under which an upload was begun must be held still. @returns it, or undefined where there was none */
  async function requireWriter({ producedByTaskId, epoch }: UploadRow, principal: Principal) {
    const taskId = producedByTaskId ?? undefined;
    return await guardWriter(dependencies, principal, { taskId, epoch: epoch ?? undefined });
  }

  async function* join(
    upload: UploadRow,
    parts: readonly UploadPartRow[],
    hash: ReturnType<typeof createHash>,
  ) {
    for (const { number } of parts) {
      const stream = await blobs.get(partBlob(upload.id, number));
      if (!stream) throw conflict(`Part ${number} is gone; put it again`);
      for await (const chunk of chunksOf(stream)) {
        hash.update(chunk);
        yield chunk;
      }
    }
  }

  return {
    async createUpload({ body }, { principal, now }) {
      await guardWriter(dependencies, principal, body);
      const { sha256, bytes, mediaType, kind, taskId = null, epoch = null } = body;
      const id = createIdentifier(now);
      const { keyId } = principal;
      const producedByTaskId = taskId;
      const row = { id, sha256, bytes, mediaType, kind, producedByTaskId, epoch, keyId, createdAt: now };
      return { body: view(row, []), writes: [insertUpload(database, row)] };
    },

    async getUpload({ parameters }, { principal }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      return { body: view(upload, await listParts(database, upload.id)) };
    },

    async putUploadPart({ parameters }, { principal, upload: body }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      await requireWriter(upload, principal);
      const number = Number(parameters.partNumber);
      if (number > MAXIMUM_PARTS) {
        throw invalidRequest([
          { in: 'path', pointer: 'partNumber', detail: `must be 1 to ${MAXIMUM_PARTS}` },
        ]);
      }
      const others = (await listParts(database, upload.id)).filter((other) => other.number !== number);
      const room = upload.bytes - others.reduce((sum, { bytes }) => sum + bytes, 0);
      await blobs.put(partBlob(upload.id, number), within(body.chunks(), room, upload));
      const part = { uploadId: upload.id, number, bytes: body.bytes, etag: body.sha256 };
      const parts = [...others, part].sort((a, b) => a.number - b.number);
      const undo = async () => await blobs.delete(partBlob(upload.id, number));
      return { body: view(upload, parts), writes: [putPart(database, part)], undo };
    },

    async completeUpload({ parameters }, { principal, now, createdBy }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      const holder = await requireWriter(upload, principal);
      const { sha256, mediaType, kind, producedByTaskId } = upload;
      const by = { producedByTaskId, createdBy, quotas: principal.quotas, holder, isKept: !holder };
      const artifact = { sha256, mediaType, kind, ...by };
      const known = await holdArtifact(dependencies, sha256, now);
      const parts = await listParts(database, upload.id);
      // An answer that was lost: the parts went with the first.
      if (known?.intact && parts.length === 0) return { body: known.row };
      requireWhole(upload, parts);
      const hash = createHash('sha256');
      const verify = () => {
        const found = hash.digest('hex');
        if (found === sha256) return;
        throw conflict(`The parts have the SHA-256 ${found}, not ${sha256}; put them again`);
      };
      const content = join(upload, parts, hash);
      let { row } = known ?? {};
      if (row && known?.intact) {
        // Who names an artifact has shown that he has its bytes, stored already or not.
        for await (const _ of content);
        verify();
      } else row = await writeArtifact(dependencies, artifact, content, verify, now, row);
      await commit(database, [...putBy(database, artifact), ...releaseParts(database, upload.id, now)]);
      for (const { number } of parts) await blobs.delete(partBlob(upload.id, number));
      return { body: row };
    },

    async abortUpload({ parameters }, { principal }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      for (const { number } of await listParts(database, upload.id))
        await blobs.delete(partBlob(upload.id, number));
      return { writes: [deleteUpload(database, upload.id)] };
    },
  };
}
