/** Fetches one file from the hub: going on where it broke off, and held against the size and hash that the hub states. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { retry } from '../../../shared/retry.ts';
import { worked } from '../../../shared/working.ts';
import { type HubConnection, PassingHubError } from './hub-connection.ts';
import type { HubFile } from './hub-listing.ts';

const ATTEMPTS = 4;

export interface FileRequest {
  readonly model: string;
  readonly commit: string;
  readonly file: HubFile;
  readonly target: string;
  /** Called with the bytes that are there, as they grow. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fetches a file unless it is there. It appears under its name when it is whole and right; until then it gathers beside it.
 *
 * @throws ModelFileError
 */
export async function fetchHubFile(connection: HubConnection, request: FileRequest): Promise<void> {
  const { model, file, target, onBytes } = request;
  if (await exists(target)) {
    onBytes(file.bytes);
    return;
  }
  await mkdir(path.dirname(target), { recursive: true });
  // Named by its content, so that what is left of another version is never gone on with.
  const partial = `${target}.${file.hash?.hex.slice(0, 16) ?? file.bytes}.partial`;
  await dropPartsOfOthers(target, partial);
  await retry(async () => await fetchRest(connection, request, partial), {
    passing: (error) => error instanceof PassingHubError,
    askedDelayMs: (error) => (error instanceof PassingHubError ? error.delayMs : undefined),
    firstDelayMs: 500,
    largestDelayMs: 8000,
    attempts: ATTEMPTS,
  });
  await check(`${model}/${file.name}`, file, partial);
  await rename(partial, target);
}

/** A revision that moves must not leave a part of each of its versions. */
async function dropPartsOfOthers(target: string, partial: string): Promise<void> {
  const folder = path.dirname(target);
  for (const name of await readdir(folder)) {
    const isPart = name.startsWith(`${path.basename(target)}.`) && name.endsWith('.partial');
    if (isPart && name !== path.basename(partial)) await rm(path.join(folder, name), { force: true });
  }
}

async function fetchRest(
  connection: HubConnection,
  { model, commit, file, onBytes }: FileRequest,
  partial: string,
): Promise<void> {
  const what = `${model}/${file.name}`;
  const had = (await exists(partial)) ? (await stat(partial)).size : 0;
  if (had === file.bytes && had > 0) return;
  const place = file.name.split('/').map(encodeURIComponent).join('/');
  const response = await connection.get(
    `${model}/resolve/${commit}/${place}`,
    what,
    had > 0 && had < file.bytes ? { range: `bytes=${had}-` } : {},
  );
  // An answer that is not partial, or not the part that was asked for, is the whole file again or useless.
  const goesOn = response.status === 206;
  if (goesOn && !response.headers.get('content-range')?.startsWith(`bytes ${had}-`)) {
    await response.body?.cancel();
    await rm(partial, { force: true });
    throw new PassingHubError(what, 'another part was sent than was asked for', 'Try again', {});
  }
  let bytes = goesOn ? had : 0;
  // Each piece is written before the next is waited for, so that a broken download leaves all that arrived.
  const handle = await open(partial, goesOn ? 'a' : 'w');
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > file.bytes) break;
      await handle.writeFile(chunk);
      onBytes(bytes);
      worked();
    }
  } catch (error) {
    const cure = 'Try again; what has arrived is kept, and the download goes on from there';
    throw new PassingHubError(what, 'the download broke off', cure, { cause: error });
  } finally {
    await handle.close();
  }
  if (bytes > file.bytes) {
    await rm(partial);
    const fault = `more than the ${file.bytes} bytes arrived that the hub states`;
    throw new ModelFileError(what, null, fault, 'Try again; the file was dropped');
  }
  if (bytes < file.bytes) {
    const fault = `${bytes} of ${file.bytes} bytes arrived`;
    throw new PassingHubError(what, fault, 'Try again; what has arrived is kept', {});
  }
}

async function check(what: string, { hash, bytes }: HubFile, partial: string): Promise<void> {
  if (hash === null) return;
  const digest = createHash(hash.kind === 'git' ? 'sha1' : 'sha256');
  if (hash.kind === 'git') digest.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(partial, { highWaterMark: 1 << 20 })) {
    digest.update(chunk as Buffer);
    worked();
  }
  const found = digest.digest('hex');
  if (found === hash.hex) return;
  await rm(partial);
  const name = hash.kind === 'git' ? "git's hash" : 'SHA-256';
  const fault = `arrived with ${name} ${found}, the hub states ${hash.hex}`;
  throw new ModelFileError(what, null, fault, 'Try again; the file was dropped');
}
