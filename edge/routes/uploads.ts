/** Uploads: an artifact in parts, joined and verified at the end. */
import { createHash } from 'node:crypto';
import { MAXIMUM_PARTS, type artifactEndpoints } from '../../shared/api/artifacts.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import type { Principal } from '../http/keys.ts';
import { conflict, invalidRequest, notFound } from '../domain/errors.ts';
import { holdArtifact, putBy, writeArtifact } from '../store/artifact-bytes.ts';
import { chunksOf } from '../store/blobs.ts';
import { commit } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { deleteNoted } from '../store/noted-blobs.ts';
import { UPLOAD_LIFETIME } from '../store/sweep.ts';
import {
  beyondDeclared,
  deleteUploads,
  endUpload,
  findUpload,
  insertUpload,
  isCompleted,
  listParts,
  partBlob,
  writePart,
  type UploadPartRow,
  type UploadRow,
} from '../store/uploads.ts';
import { guardWriter, under } from './artifacts.ts';

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

/** @throws DomainError `conflict` as soon as there are more bytes than the upload has room for: nothing of them stays */
async function* within(chunks: AsyncIterable<Uint8Array>, room: number, { bytes }: UploadRow) {
  let read = 0;
  for await (const chunk of chunks) {
    read += chunk.length;
    if (read > room) throw beyondDeclared(bytes);
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

  async function* join(parts: readonly UploadPartRow[], hash: ReturnType<typeof createHash>) {
    for (const part of parts) {
      const stream = await blobs.get(partBlob(part));
      if (!stream) {
        throw conflict(
          `Part ${part.number} is gone, or was put again meanwhile; look at the upload, and put what is missing or complete it again`,
        );
      }
      for await (const chunk of chunksOf(stream)) {
        hash.update(chunk);
        yield chunk;
      }
    }
  }

  return {
    async createUpload({ body }, { principal, now }) {
      const holder = await guardWriter(dependencies, principal, body);
      const { sha256, bytes, mediaType, kind, taskId = null, epoch = null } = body;
      const id = createIdentifier(now);
      const { keyId } = principal;
      const producedByTaskId = taskId;
      const description = { id, sha256, bytes, mediaType, kind, producedByTaskId, epoch, keyId };
      const row = { ...description, createdAt: now, completedAt: null };
      return { body: view(row, []), writes: [insertUpload(database, row)], holder };
    },

    async getUpload({ parameters }, { principal }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      return { body: view(upload, await listParts(database, upload.id)) };
    },

    async putUploadPart({ parameters }, { principal, now, upload: body }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      const holder = await requireWriter(upload, principal);
      const number = Number(parameters.partNumber);
      if (number > MAXIMUM_PARTS) {
        throw invalidRequest([
          { in: 'path', pointer: 'partNumber', detail: `must be 1 to ${MAXIMUM_PARTS}` },
        ]);
      }
      if (upload.completedAt !== null) throw isCompleted(upload.id);
      const others = (await listParts(database, upload.id)).filter((other) => other.number !== number);
      // As soon as it is known; what comes beside it is counted when it is committed.
      const room = upload.bytes - others.reduce((sum, { bytes }) => sum + bytes, 0);
      const content = within(body.chunks(), room, upload);
      const { quotas } = principal;
      await writePart(dependencies, { upload, number, content, read: () => body, holder, quotas }, now);
      return { body: view(upload, await listParts(database, upload.id)) };
    },

    async completeUpload({ parameters }, { principal, now, createdBy }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      const holder = await requireWriter(upload, principal);
      const { sha256, mediaType, kind, producedByTaskId } = upload;
      const lease = { holder, commit: under(holder), isKept: !holder };
      const by = { producedByTaskId, createdBy, quotas: principal.quotas, ...lease };
      const artifact = { sha256, mediaType, kind, ...by };
      const known = await holdArtifact(dependencies, sha256, now);
      const parts = await listParts(database, upload.id);
      if (upload.completedAt !== null) {
        // An answer that was lost: the parts went with the first.
        if (known?.intact) return { body: known.row };
        throw conflict(
          `Upload ${upload.id} was completed, and its artifact is gone since; begin another one`,
        );
      }
      requireWhole(upload, parts);
      const hash = createHash('sha256');
      const verify = () => {
        const found = hash.digest('hex');
        if (found === sha256) return;
        throw conflict(`The parts have the SHA-256 ${found}, not ${sha256}; put them again`);
      };
      const content = join(parts, hash);
      let { row } = known ?? {};
      if (row && known?.intact) {
        // Who names an artifact has shown that he has its bytes, stored already or not.
        for await (const _ of content);
        verify();
      } else row = await writeArtifact(dependencies, artifact, content, verify, now, row);
      const ends = [...putBy(database, artifact), ...endUpload(database, upload.id, now)];
      await artifact.commit(database, ends);
      await deleteNoted(dependencies, parts.map(partBlob));
      return { body: row };
    },

    async abortUpload({ parameters }, { principal, now }) {
      const upload = await requireUpload(parameters.uploadId, principal);
      const parts = await listParts(database, upload.id);
      await commit(database, deleteUploads(database, [upload.id], now));
      await deleteNoted(dependencies, parts.map(partBlob));
      return {};
    },
  };
}
