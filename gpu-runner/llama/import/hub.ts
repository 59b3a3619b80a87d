/** Fetches the files of a model from the Hugging Face hub into a folder, by the host settings of @huggingface/transformers. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { env } from '@huggingface/transformers';
import { TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from '../tokenizer.ts';
import { exists } from './files.ts';
import { INDEX_FILE, SINGLE_FILE, weightFileNames } from './huggingface-folder.ts';
import { ModelFileError } from './model-file-error.ts';

/** `owner/name` or `name`, with an optional `@revision`. */
const hubId = /^(?<model>[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?)(?:@(?<revision>[\w./-]+))?$/;

/** Whether a text has the form of a hub id. It may be a relative path as well. */
export function isHubId(text: string): boolean {
  return hubId.test(text) && !text.includes('..');
}

/**
 * Downloads configuration, tokenizer and weights of a model, or takes those that are there already.
 *
 * Host, path template and fetch are those of `env` of @huggingface/transformers (a mirror is set there); HF_TOKEN is
 * sent to the hub's own host. A file appears under its name only when it is whole.
 *
 * @param id `owner/name`, optionally `@revision` (a commit makes the result reproducible; `main` otherwise)
 * @returns the folder
 * @throws ModelFileError if the hub cannot be reached or does not have the model
 */
export async function downloadModel(id: string, cacheDirectory: string): Promise<string> {
  const { model, revision = 'main' } = hubId.exec(id)?.groups ?? {};
  if (model === undefined || id.includes('..')) {
    throw new ModelFileError(id, null, 'is not a hub id', 'Write owner/name or owner/name@revision');
  }
  const folder = path.join(cacheDirectory, 'hub', `${model}@${revision}`.replaceAll('/', '--'));
  await mkdir(folder, { recursive: true });
  const fetchFile = async (name: string, optional: boolean): Promise<boolean> =>
    await download(model, revision, name, path.join(folder, name), optional);
  await fetchFile('config.json', false);
  await fetchFile(TOKENIZER_FILE, false);
  await fetchFile(TOKENIZER_CONFIG_FILE, false);
  await fetchFile('generation_config.json', true);
  if (!(await fetchFile(INDEX_FILE, true))) await fetchFile(SINGLE_FILE, false);
  for (const name of await weightFileNames(folder)) await fetchFile(name, false);
  return folder;
}

/** @returns false if the file is optional and the hub does not have it */
async function download(
  model: string,
  revision: string,
  name: string,
  target: string,
  optional: boolean,
): Promise<boolean> {
  if (await exists(target)) return true;
  const template = env.remotePathTemplate
    .replaceAll('{model}', model)
    .replaceAll('{revision}', encodeURIComponent(revision));
  const url = new URL(`${template.replace(/\/$/, '')}/${encodeURIComponent(name)}`, env.remoteHost);
  const response = await request(url, `${model}/${name}`);
  if (response.status === 404 && optional) {
    await response.body?.cancel();
    return false;
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const denied = response.status === 401 || response.status === 403;
    throw new ModelFileError(
      `${model}/${name}`,
      null,
      `${url.host} answered ${response.status}`,
      denied || response.status === 404
        ? 'Check the id; for a private or gated model set HF_TOKEN to a token that may read it'
        : 'Try again later, or download the folder by other means and give its path',
    );
  }
  const partial = `${target}.partial-${process.pid}`;
  try {
    await pipeline(response.body, createWriteStream(partial));
  } catch (error) {
    await rm(partial, { force: true });
    const cure = 'Try again; files that are complete are kept';
    throw new ModelFileError(`${model}/${name}`, null, 'the download broke off', cure, { cause: error });
  }
  await rename(partial, target);
  return true;
}

async function request(url: URL, what: string): Promise<Response> {
  const token = process.env['HF_TOKEN'];
  const sendsToken = token !== undefined && token !== '' && url.hostname === 'huggingface.co';
  try {
    return await env.fetch(url, { headers: sendsToken ? { authorization: `Bearer ${token}` } : {} });
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
