/** Artifacts: put by SHA-256, get whole or in part, list. */
import type { artifactEndpoints } from '../../shared/api/artifacts.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import type { Principal } from '../http/keys.ts';
import { readRange } from '../http/range.ts';
import type { StreamedBody } from '../http/streamed-body.ts';
import { DomainError, invalidRequest, notFound } from '../domain/errors.ts';
import { mayReadArtifact } from '../store/artifact-access.ts';
import {
  artifactBlob,
  findArtifact,
  insertArtifact,
  listArtifacts,
  type ArtifactRow,
} from '../store/artifacts.ts';
import { requireLease } from '../store/leases/lease.ts';

/**
 * Refuses a runner that does not hold the task it names; others may write without a task.
 *
 * @throws DomainError `forbidden` without task and epoch, or as the lease says
 */
export async function guardWriter(
  { database }: Dependencies,
  principal: Principal,
  { taskId, epoch }: { readonly taskId?: string | undefined; readonly epoch?: number | undefined },
): Promise<void> {
  if (!isRunner(principal)) return;
  if (taskId === undefined || epoch === undefined) {
    throw new DomainError('forbidden', 'A runner writes for a task it holds: send taskId and epoch');
  }
  await requireLease(database, { taskId, epoch, keyId: principal.keyId });
}

/** A key that may do more than run tasks is not held to one task. */
function isRunner({ scopes }: Principal): boolean {
  return !scopes.includes('admin') && !scopes.includes('client');
}

/** @throws DomainError `invalid-request` where the bytes are not those that the name says */
function requireHash(upload: StreamedBody, sha256: string): void {
  if (upload.sha256 === sha256) return;
  throw invalidRequest([
    {
      in: 'body',
      pointer: '#',
      detail: `has the SHA-256 ${upload.sha256} and ${upload.bytes} bytes; send the bytes of ${sha256}`,
    },
  ]);
}

export function artifactHandlers(
  dependencies: Dependencies,
): Pick<
  Handlers<typeof artifactEndpoints>,
  'putArtifact' | 'downloadArtifact' | 'getArtifactDetails' | 'listArtifacts'
> {
  const { database, blobs } = dependencies;

  async function requireArtifact(sha256: string): Promise<ArtifactRow> {
    const artifact = await findArtifact(database, sha256);
    if (!artifact) throw notFound(`artifact ${sha256}`);
    return artifact;
  }

  return {
    async putArtifact({ parameters, query }, { principal, now, upload }) {
      await guardWriter(dependencies, principal, query);
      const { sha256 } = parameters;
      const present = await findArtifact(database, sha256);
      if (present) {
        await upload.drain();
        requireHash(upload, sha256);
        return { body: present };
      }
      await blobs.put(artifactBlob(sha256), upload.chunks(), () => requireHash(upload, sha256));
      const { kind, mediaType, taskId = null } = query;
      const artifact = {
        sha256,
        bytes: upload.bytes,
        mediaType,
        kind,
        producedByTaskId: taskId,
        createdAt: now,
      };
      return { body: artifact, writes: [insertArtifact(database, artifact)] };
    },

    async downloadArtifact({ parameters, query }, { principal, request }) {
      const { sha256 } = parameters;
      const { keyId } = principal;
      const { taskId } = query;
      if (isRunner(principal) && !(taskId && (await mayReadArtifact(database, { taskId, keyId, sha256 })))) {
        throw new DomainError(
          'forbidden',
          'A runner reads what its task reads: send the taskId of a task it holds',
        );
      }
      const artifact = await requireArtifact(sha256);
      const etag = `"${sha256}"`;
      const headers = new Headers({
        etag,
        'accept-ranges': 'bytes',
        'cache-control': 'private, max-age=31536000, immutable',
        'content-disposition': `attachment; filename="${sha256}"`,
        'content-type': artifact.mediaType,
      });
      if (request.headers.get('if-none-match')?.includes(etag))
        return new Response(null, { status: 304, headers });
      const range = readRange(request.headers, artifact.bytes, etag);
      const { offset, length } = range ?? { offset: 0, length: artifact.bytes };
      headers.set('content-length', String(length));
      if (range) headers.set('content-range', `bytes ${offset}-${offset + length - 1}/${artifact.bytes}`);
      const status = range ? 206 : 200;
      if (request.method === 'HEAD' || length === 0) return new Response(null, { status, headers });
      const stream = await blobs.get(artifactBlob(sha256), range);
      if (!stream) throw new Error(`artifact ${sha256} has a row and no bytes in the blob store`);
      return new Response(stream, { status, headers });
    },

    async getArtifactDetails({ parameters }) {
      return { body: await requireArtifact(parameters.sha256) };
    },

    async listArtifacts({ query }) {
      return { body: await listArtifacts(database, query) };
    },
  };
}
