/** Fetches the files of a model from the Hugging Face hub into a folder, by the host settings of @huggingface/transformers. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { env } from '@huggingface/transformers';
import { readVariables } from '../../../shared/read-variables.ts';
import { HUB_VARIABLES } from './hub-variables.ts';
import { TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../tokenizer/companions.ts';
import { exists, hashFile } from '../../files/files.ts';
import { INDEX_FILE, SINGLE_FILE, weightFileNames } from './huggingface-folder.ts';
import { ModelFileError } from '../../files/model-file-error.ts';

/** `owner/name` or `name`, with an optional `@revision`. */
const hubId = /^(?<model>[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?)(?:@(?<revision>[\w./-]+))?$/;

/** How far a download is. */
export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  /** null where the hub does not say */
  readonly ofBytes: number | null;
}

/** Whether a text has the form of a hub id. It may be a relative path as well. */
export function isHubId(text: string): boolean {
  return hubId.test(text) && !text.includes('..');
}

/**
 * Downloads architecture, tokenizer and weights of a model, or takes those that are there already.
 *
 * Host, path template and fetch are those of `env` of @huggingface/transformers (a mirror is set there); HF_TOKEN is
 * sent to the hub's own host. A file appears under its name only when it is whole and, where the hub states its SHA-256,
 * has it. A download that breaks off goes on where it stopped when the model is asked for again.
 *
 * @param id `owner/name`, optionally `@revision` (a commit makes the result reproducible; `main` otherwise)
 * @returns the folder
 * @throws ModelFileError if the hub cannot be reached or does not have the model
 */
export async function downloadModel(
  id: string,
  cacheDirectory: string,
  onProgress: (progress: DownloadProgress) => void = () => {},
): Promise<string> {
  const { model, revision = 'main' } = hubId.exec(id)?.groups ?? {};
  if (model === undefined || id.includes('..')) {
    throw new ModelFileError(id, null, 'is not a hub id', 'Write owner/name or owner/name@revision');
  }
  const folder = path.join(cacheDirectory, 'hub', `${model}@${revision}`.replaceAll('/', '--'));
  await mkdir(folder, { recursive: true });
  const fetchFile = async (name: string, optional: boolean): Promise<boolean> =>
    await download({ model, revision, name, target: path.join(folder, name), optional, onProgress });
  await fetchFile('config.json', false);
  await fetchFile(TOKENIZER_FILE, false);
  await fetchFile(TOKENIZER_CONFIG_FILE, false);
  await fetchFile('generation_config.json', true);
  if (!(await fetchFile(INDEX_FILE, true))) await fetchFile(SINGLE_FILE, false);
  for (const name of await weightFileNames(folder)) await fetchFile(name, false);
  return folder;
}

interface Download {
  readonly model: string;
  readonly revision: string;
  readonly name: string;
  readonly target: string;
  readonly optional: boolean;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** @returns false if the file is optional and the hub does not have it */
async function download({ model, revision, name, target, optional, onProgress }: Download): Promise<boolean> {
  if (await exists(target)) return true;
  const template = env.remotePathTemplate
    .replaceAll('{model}', model)
    .replaceAll('{revision}', encodeURIComponent(revision));
  const url = new URL(`${template.replace(/\/$/, '')}/${encodeURIComponent(name)}`, env.remoteHost);
  const what = `${model}/${name}`;
  const partial = `${target}.partial`;
  const had = (await exists(partial)) ? (await stat(partial)).size : 0;
  const response = await request(url, what, had > 0 ? { headers: { range: `bytes=${had}-` } } : {});
  if (response.status === 416) {
    await response.body?.cancel();
    await rm(partial);
    return await download({ model, revision, name, target, optional, onProgress });
  }
  if (response.status === 404 && optional) {
    await response.body?.cancel();
    return false;
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const denied = response.status === 401 || response.status === 403;
    throw new ModelFileError(
      what,
      null,
      `${url.host} answered ${response.status}`,
      denied || response.status === 404
        ? 'Check the id; for a private or gated model set HF_TOKEN to a token that may read it'
        : 'Try again later, or download the folder by other means and give its path',
    );
  }
  // An answer that is not partial is the whole file again.
  const goesOn = response.status === 206;
  const length = response.headers.get('content-length');
  let bytes = goesOn ? had : 0;
  const ofBytes = length === null ? null : bytes + Number(length);
  // Each piece is written before the next is waited for, so that a broken download leaves all that arrived.
  const handle = await open(partial, goesOn ? 'a' : 'w');
  try {
    for await (const chunk of response.body) {
      await handle.writeFile(chunk);
      bytes += chunk.length;
      onProgress({ file: what, bytes, ofBytes });
    }
  } catch (error) {
    const cure = 'Try again; what has arrived is kept, and the download goes on from there';
    throw new ModelFileError(what, null, 'the download broke off', cure, { cause: error });
  } finally {
    await handle.close();
  }
  await checkHash(url, what, partial);
  await rename(partial, target);
  return true;
}

/** Compares weights with the SHA-256 that the hub states for them; files that it states none for pass. */
async function checkHash(url: URL, what: string, file: string): Promise<void> {
  if (!file.includes('.safetensors')) return;
  const response = await request(url, what, { method: 'HEAD', redirect: 'manual' });
  const stated = /^(?:W\/)?"?(?<hash>[0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '');
  const expected = stated?.groups?.['hash'];
  if (expected === undefined) return;
  const found = await hashFile(file);
  if (found === expected) return;
  await rm(file);
  throw new ModelFileError(
    what,
    null,
    `arrived with SHA-256 ${found}, the hub states ${expected}`,
    'Try again; the file was dropped',
  );
}

async function request(
  url: URL,
  what: string,
  { headers = {}, ...options }: { headers?: Record<string, string>; method?: string; redirect?: 'manual' },
): Promise<Response> {
  const { HF_TOKEN: token } = readVariables(HUB_VARIABLES, process.env);
  const sendsToken = token !== undefined && url.hostname === 'huggingface.co';
  try {
    return await env.fetch(url, {
      ...options,
      headers: { ...headers, ...(sendsToken ? { authorization: `Bearer ${token}` } : {}) },
    });
  } catch (error) {
    throw new ModelFileError(
      what,
      null,
      `${url.host} cannot be reached`,
      'Connect to the network, or download the folder by other means and give its path',
      { cause: error },
    );
  }
}
