/** The contract of artifacts: bytes by their SHA-256, whole or in parts. */
import { z } from 'zod';
import { defineEndpoints, NOT_CHANGED } from './endpoint.ts';
import { creator, identifier, instant } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sha256 } from './sha256.ts';
import { ARTIFACT_KINDS } from './words.ts';

/** One request carries at most this; more goes in parts. */
export const MAXIMUM_PUT_BYTES = 50 * 1024 * 1024;
export const MAXIMUM_PARTS = 1000;
/** Code of the problem, and of a task's failure, where stored bytes are missing or not those of their hash. */
export const ARTIFACT_DAMAGED = 'artifact-damaged';

const mediaType = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.+-]{0,60}\/[a-z0-9][a-z0-9.+-]{0,60}$/,
    'must be a media type such as application/jsonl',
  );
const kind = z.enum(ARTIFACT_KINDS);

/** With a runner's key: the task it holds, which says what it may touch. */
const leasedTask = {
  taskId: identifier
    .optional()
    .describe("With a runner's key: the task that it holds, which says what it may touch"),
  epoch: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .describe("With a runner's key: the epoch of its lease"),
};

const artifact = z
  .object({
    sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    bytes: z.int().nonnegative().describe('Size in bytes'),
    mediaType: z.string().describe('Media type, such as `application/jsonl`'),
    kind: kind.describe('What the bytes are'),
    producedByTaskId: z
      .string()
      .nullable()
      .describe('The task that made it first; null where a client put it'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: creator,
  })
  .meta({ id: 'Artifact', description: 'Stored bytes under their SHA-256' });

const upload = z
  .object({
    id: identifier.describe('Its id'),
    sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    bytes: z.int().positive().describe('Size in bytes'),
    parts: z
      .array(
        z.object({
          number: z.int().describe('Its place, from 1'),
          bytes: z.int().describe('Size in bytes'),
          sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
        }),
      )
      .describe('The parts that have arrived'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    expiresAt: instant.describe('An upload that was not completed by then is forgotten'),
  })
  .meta({ id: 'Upload', description: 'An artifact that arrives in parts' });

const anyScope = ['admin', 'client', 'runner'] as const;
const uploadId = z.strictObject({ uploadId: identifier.describe('The upload, by its id') });

export const artifactEndpoints = defineEndpoints({
  putArtifact: {
    method: 'put',
    path: '/v1/artifacts/{sha256}',
    tag: 'artifacts',
    summary: 'Store bytes of up to 50 MiB under their SHA-256, which the edge verifies',
    scopes: anyScope,
    parameters: z.strictObject({
      sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    }),
    query: z.strictObject({
      kind: kind.describe('What the bytes are'),
      mediaType: mediaType
        .default('application/octet-stream')
        .describe('Media type, such as `application/jsonl`'),
      ...leasedTask,
    }),
    body: { mediaType: 'application/octet-stream' },
    maximumBytes: MAXIMUM_PUT_BYTES,
    refuses: ['lease-lost'],
    status: 201,
    response: artifact,
  },
  downloadArtifact: {
    method: 'get',
    path: '/v1/artifacts/{sha256}',
    tag: 'artifacts',
    summary: "Get an artifact's bytes, or the part that `Range` asks for (206)",
    scopes: anyScope,
    parameters: z.strictObject({
      sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    }),
    query: z.strictObject({
      taskId: identifier
        .optional()
        .describe("With a runner's key: the task that it holds, which says what it may touch"),
    }),
    refuses: ['artifact-damaged', 'not-found', 'range-not-satisfiable'],
    status: 200,
    /** The type with which it was put. */
    response: { mediaType: '*/*' },
    also: { 206: 'The part that `Range` asks for', 304: NOT_CHANGED },
  },
  getArtifactDetails: {
    method: 'get',
    path: '/v1/artifacts/{sha256}/details',
    tag: 'artifacts',
    summary: "Get an artifact's size, kind and origin",
    scopes: ['admin', 'client'],
    parameters: z.strictObject({
      sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: artifact,
  },
  listArtifacts: {
    method: 'get',
    path: '/v1/artifacts',
    tag: 'artifacts',
    summary: 'List artifacts, the newest first',
    scopes: ['admin', 'client'],
    query: pageQuery({
      kind: kind.optional().describe('What the bytes are'),
      producedByTaskId: identifier.optional().describe('Those that this task made'),
    }),
    status: 200,
    response: page(artifact),
  },
  deleteArtifact: {
    method: 'delete',
    path: '/v1/artifacts/{sha256}',
    tag: 'artifacts',
    summary: 'Delete an artifact that nothing uses; its bytes go an hour later',
    scopes: ['admin', 'client'],
    parameters: z.strictObject({
      sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    }),
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
  createUpload: {
    method: 'post',
    path: '/v1/uploads',
    tag: 'artifacts',
    summary: 'Begin to store an artifact in parts',
    scopes: anyScope,
    body: z.strictObject({
      sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
      bytes: z
        .int()
        .min(1)
        .max(MAXIMUM_PUT_BYTES * MAXIMUM_PARTS)
        .describe('Size of the whole in bytes'),
      kind: kind.describe('What the bytes are'),
      mediaType: mediaType
        .default('application/octet-stream')
        .describe('Media type, such as `application/jsonl`'),
      taskId: identifier
        .optional()
        .describe("With a runner's key: the task that it holds, which says what it may touch"),
      epoch: z.int().positive().optional().describe("With a runner's key: the epoch of its lease"),
    }),
    refuses: ['lease-lost'],
    status: 201,
    response: upload,
    creates: true,
  },
  getUpload: {
    method: 'get',
    path: '/v1/uploads/{uploadId}',
    tag: 'artifacts',
    summary: 'Get an upload with the parts that have arrived',
    scopes: anyScope,
    parameters: uploadId,
    refuses: ['not-found'],
    status: 200,
    response: upload,
  },
  putUploadPart: {
    method: 'put',
    path: '/v1/uploads/{uploadId}/parts/{partNumber}',
    tag: 'artifacts',
    summary: 'Store one part of up to 50 MiB, again if it was sent before',
    scopes: anyScope,
    parameters: uploadId.extend({
      partNumber: z
        .string()
        .regex(/^[1-9]\d{0,3}$/)
        .meta({ examples: ['1'] })
        .describe('Its place, from 1'),
    }),
    body: { mediaType: 'application/octet-stream' },
    maximumBytes: MAXIMUM_PUT_BYTES,
    refuses: ['conflict', 'lease-lost', 'not-found'],
    status: 200,
    response: upload,
  },
  completeUpload: {
    method: 'post',
    path: '/v1/uploads/{uploadId}/complete',
    tag: 'artifacts',
    summary: 'Join the parts 1, 2, ..., verify the SHA-256 of the whole, and make it an artifact',
    scopes: anyScope,
    parameters: uploadId,
    refuses: ['conflict', 'lease-lost', 'not-found'],
    status: 200,
    response: artifact,
  },
  abortUpload: {
    method: 'delete',
    path: '/v1/uploads/{uploadId}',
    tag: 'artifacts',
    summary: 'Forget an upload and its parts',
    scopes: anyScope,
    parameters: uploadId,
    refuses: ['not-found'],
    status: 204,
  },
});
