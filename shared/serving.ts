/**
 * How the edge asks a runner for an answer: what both know alone, the hash of the runner's key, signs the request, and the
 * runner's proof signs the answer. No client's key ever reaches a runner.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { sha256 } from './api/sha256.ts';

export const SERVING_HEADERS = {
  /** Milliseconds since the epoch, as the edge's clock tells. */
  time: 'x-rlcd-time',
  /** base64url of the JSON of a {@link RequestedModel}; absent for bytes of an adapter. */
  model: 'x-rlcd-model',
  signature: 'x-rlcd-signature',
  /** Of an answer: that whoever answers knows the secret. */
  proof: 'x-rlcd-proof',
} as const;

/** A signature older or newer than this is refused. */
export const SIGNATURE_MILLISECONDS = 300_000;

/** The code with which a runner asks for the bytes of an adapter. */
export const ADAPTER_NEEDED = 'adapter-needed';

const requestedModel = z.strictObject({
  /** `bundled`, a path on the runner or a hub id. */
  source: z.string().min(1).max(500),
  /** What the base must be. */
  identity: sha256,
  adapterSha256: sha256.nullable(),
});
export type RequestedModel = z.output<typeof requestedModel>;

interface Signed {
  readonly method: string;
  readonly path: string;
  readonly time: string;
  /** The header's value; empty where there is none. */
  readonly model: string;
  readonly bodySha256: string;
}

export function hashOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** @param secretSha256 hash of the runner's key */
export function signRequest(secretSha256: string, { method, path, time, model, bodySha256 }: Signed): string {
  const text = ['rlcd-serve-1', method, path, time, model, bodySha256].join('\n');
  return createHmac('sha256', secretSha256).update(text).digest('hex');
}

/** What shows that the answer to a signed request comes from who knows the secret. */
export function proofOf(secretSha256: string, signature: string): string {
  return createHmac('sha256', secretSha256).update(`rlcd-served-1\n${signature}`).digest('hex');
}

/** In a time that does not tell where two signatures differ. */
export function isSame(expected: string, given: string | null | undefined): boolean {
  if (given === null || given === undefined || given.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(given));
}

export function encodeModel(model: RequestedModel): string {
  return Buffer.from(JSON.stringify(model)).toString('base64url');
}

/** @throws ZodError, SyntaxError for what is none */
export function decodeModel(text: string): RequestedModel {
  return requestedModel.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
}
