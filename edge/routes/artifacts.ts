/** Artifacts: put by SHA-256, get whole or in part, list. */
import type { artifactEndpoints } from '../../shared/api/artifacts.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import type { Principal } from '../http/keys.ts';
import { readRange } from '../http/range.ts';
import type { StreamedBody } from '../http/streamed-body.ts';
import { damaged, DomainError, invalidRequest, notFound, requireUnused } from '../domain/errors.ts';
import type { Holder } from '../domain/lease.ts';
import { mayReadArtifact } from '../store/artifact-access.ts';
import { holdArtifact, openArtifact, putBy, writeArtifact } from '../store/artifact-bytes.ts';
import { artifactBlob, findArtifact, listArtifacts, type ArtifactRow } from '../store/artifacts.ts';
import { removeArtifact } from '../store/collect.ts';
import type { commit } from '../store/database.ts';
import { whoUsesArtifact } from '../store/uses.ts';
import { commitUnder, requireLease } from '../store/leases/lease.ts';

/**
 * Refuses who does not hold the task he names, before a body is read; a runner must name one, others may write without.
 *
 * @returns under which lease it is to be committed, since that may end until then; undefined: under none
 * @throws DomainError `forbidden` without task and epoch, or as the lease says
 */
export async function guardWriter(
  { database }: Dependencies,
  principal: Principal,
  { taskId, epoch }: { readonly taskId?: string | undefined; readonly epoch?: number | undefined },
): Promise<Holder | undefined> {
  if (taskId === undefined || epoch === undefined) {
    if (!isRunner(principal)) return undefined;
    throw new DomainError('forbidden', 'A runner writes for a task it holds: send taskId and epoch');
  }
  const holder = { taskId, epoch, keyId: principal.keyId };
  await requireLease(database, holder);
  return holder;
}

/** As a batch of an artifact that is put under a lease is run. */
export const under =
  (holder: Holder | undefined): typeof commit =>
  async (database, statements) =>
    await commitUnder(database, holder, statements);

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
  'putArtifact' | 'downloadArtifact' | 'getArtifactDetails' | 'listArtifacts' | 'deleteArtifact'
> {
  const { database, blobs } = dependencies;

  async function requireArtifact(sha256: string): Promise<ArtifactRow> {
    const artifact = await findArtifact(database, sha256);
    if (!artifact) throw notFound(`artifact ${sha256}`);
    return artifact;
  }

  return {
    async putArtifact({ parameters, query }, { principal, now, createdBy, upload }) {
      const holder = await guardWriter(dependencies, principal, query);
      const { sha256 } = parameters;
      const { kind, mediaType, taskId = null } = query;
      const { quotas } = principal;
      const lease = { holder, commit: under(holder), isKept: !holder };
      const by = { producedByTaskId: taskId, createdBy, quotas, ...lease };
      const artifact = { sha256, mediaType, kind, ...by };
      const known = await holdArtifact(dependencies, sha256, now);
      const verify = () => requireHash(upload, sha256);
      if (!known?.intact) {
        const content = upload.chunks();
        return { body: await writeArtifact(dependencies, artifact, content, verify, now, known?.row) };
      }
      await upload.drain();
      verify();
      return { body: known.row, writes: putBy(database, artifact), holder };
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
      if ((await blobs.size(artifactBlob(artifact))) !== artifact.bytes) throw damaged(sha256);
      if (request.method === 'HEAD' || length === 0) return new Response(null, { status, headers });
      const stream = await openArtifact(dependencies, sha256, range);
      if (!stream) throw damaged(sha256);
      return new Response(stream, { status, headers });
    },

    async getArtifactDetails({ parameters }) {
      return { body: await requireArtifact(parameters.sha256) };
    },

    async deleteArtifact({ parameters: { sha256 } }, { now }) {
      await requireArtifact(sha256);
      requireUnused(`artifact ${sha256}`, await whoUsesArtifact(database, sha256));
      return { writes: removeArtifact(database, sha256, now) };
    },

    async listArtifacts({ query }) {
      return { body: await listArtifacts(database, query) };
    },
  };
}
