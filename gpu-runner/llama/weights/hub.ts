/** Fetches a model from the Hugging Face hub or a mirror of it, only the files that are needed, and keeps it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { COMPANION_FILES, TOKENIZER_FILE } from '../tokenizer/companions.ts';
import { exists } from '../../files/files.ts';
import { ModelCache } from '../../files/model-cache.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { retry } from '../../../shared/retry.ts';
import { gigabytes } from '../../../shared/planner/plan.ts';
import { HubConnection, PassingHubError } from './hub-connection.ts';
import { fetchHubFile } from './hub-file.ts';
import { type HubFile, type HubListing, listModel } from './hub-listing.ts';
import { INDEX_FILE, SINGLE_FILE, weightFileNames } from './huggingface-folder.ts';

/** `owner/name` or `name`, with an optional `@revision` and an optional `:FILE.gguf`. */
const hubId =
  /^(?<model>[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)?)(?:@(?<revision>[\w./-]+))?(?::(?<file>[\w./ +-]+\.gguf))?$/;

/** Stands in a folder when all files of the model are there. */
const DONE_FILE = 'download.json';

const LARGER = 'Set RLCD_DOWNLOAD_LIMIT_GB to more, or choose a smaller model';

/**
 * The largest file beside the weights, in bytes: all that reads one refuses more. The index of weights in parts is fetched
 * before the model's size is known, so that nothing else bounds it.
 */
const LARGEST_DESCRIPTION = 128 * 1024 * 1024;

const isWeights = (name: string): boolean => /\.(?:safetensors|gguf)$/.test(name);

/** Parts of one GGUF model: NAME-00001-of-00003.gguf. */
const part = /-\d{5}-of-(?<count>\d{5})\.gguf$/;

/** How far a download is, over all files of the model. */
export interface DownloadProgress {
  /** The file that grows. */
  readonly file: string;
  readonly bytes: number;
  readonly ofBytes: number;
  /** When it ends at the rate so far; null before there is one. */
  readonly endsAt: Date | null;
}

/** Whether a text has the form of a hub id. It may be a relative path as well. */
export function isHubId(text: string): boolean {
  return hubId.test(text) && !text.includes('..');
}

/** @throws ModelFileError for what is no hub id */
function partsOf(id: string): { readonly model: string; readonly revision: string; readonly file?: string } {
  const { model, revision = 'main', file } = hubId.exec(id)?.groups ?? {};
  if (model === undefined || id.includes('..')) {
    throw new ModelFileError(id, null, 'is not a hub id', 'Write owner/name or owner/name@revision');
  }
  return { model, revision, ...(file === undefined ? {} : { file }) };
}

/** Under which name the cache keeps what {@link downloadModel} fetches: one for each GGUF file of a model. */
export function hubNameOf(id: string): string {
  const { model, revision, file } = partsOf(id);
  return [`${model}@${revision}`, ...(file === undefined ? [] : [file])].join('--').replaceAll('/', '--');
}

/**
 * Downloads architecture, tokenizer and weights of a model, or takes those that are there already: a model that was fetched
 * whole is opened without any request.
 *
 * HF_ENDPOINT names the hub, HF_TOKEN goes to its host alone. The total is told before the first weight is fetched, and room
 * for it made in the cache, whose model of that name the caller holds ({@link ModelCache.use}). A file appears under its name only when it is whole and has the size and hash that the hub states. A download that breaks off goes
 * on where it stopped, some times by itself, then when the model is asked for again.
 *
 * @param id `owner/name`, optionally `@revision` (a commit makes the result reproducible; `main` otherwise) and `:FILE.gguf`
 * @returns the folder, or the GGUF file in it
 * @throws ModelFileError if the hub cannot be reached or does not have the model, or if it is larger than the limit
 */
export async function downloadModel(
  id: string,
  cacheDirectory: string,
  onProgress: (progress: DownloadProgress) => void = () => {},
): Promise<string> {
  const { model, revision, file } = partsOf(id);
  const cache = new ModelCache(cacheDirectory);
  const folder = cache.folderOf('hub', hubNameOf(id));
  const wanted = file === undefined ? folder : path.join(folder, file);
  const done = path.join(folder, file === undefined ? DONE_FILE : `${file}.${DONE_FILE}`);
  if (await exists(done)) return wanted;
  const connection = new HubConnection();
  const { commit, files } = await retry(async () => await listModel(connection, model, revision), {
    passing: (error) => error instanceof PassingHubError,
    askedDelayMs: (error) => (error instanceof PassingHubError ? error.delayMs : undefined),
    firstDelayMs: 500,
    largestDelayMs: 4000,
    attempts: 3,
  });
  const refuseLarger = (bytes: number, limit: number, what: string, cure: string): void => {
    if (bytes <= limit) return;
    const fault = `has ${gigabytes(bytes)} to fetch, the limit is ${gigabytes(limit)}`;
    throw new ModelFileError(what, null, fault, cure);
  };
  const fetchOne = async (one: HubFile, onBytes: (bytes: number) => void): Promise<void> => {
    if (!isWeights(one.name)) {
      refuseLarger(one.bytes, LARGEST_DESCRIPTION, `${model}/${one.name}`, 'Choose another model');
    }
    refuseLarger(one.bytes, connection.limit, `${model}/${one.name}`, LARGER);
    const target = path.join(folder, one.name);
    await fetchHubFile(connection, { model, commit, file: one, target, onBytes });
  };
  const needed =
    file === undefined ? await folderFiles(model, files, folder, fetchOne) : ggufFiles(model, files, file);
  const total = needed.reduce((sum, { bytes }) => sum + bytes, 0);
  refuseLarger(total, connection.limit, model, LARGER);
  await cache.makeRoom('hub', hubNameOf(id), total);
  const started = Date.now();
  let before = 0;
  let hadAtStart: number | null = null;
  for (const one of needed) {
    await fetchOne(one, (bytes) => {
      const all = before + bytes;
      hadAtStart ??= all;
      const rate = (all - hadAtStart) / (Date.now() - started);
      const endsAt = rate > 0 ? new Date(Date.now() + (total - all) / rate) : null;
      onProgress({ file: `${model}/${one.name}`, bytes: all, ofBytes: total, endsAt });
    });
    before += one.bytes;
  }
  await writeFile(done, JSON.stringify({ commit, files: needed.map(({ name, hash }) => ({ name, hash })) }));
  return wanted;
}

type Files = HubListing['files'];

/** Configuration, tokenizer and weights with their index; the index of weights in parts is fetched to know them. */
async function folderFiles(
  model: string,
  files: Files,
  folder: string,
  fetchOne: (file: HubFile, onBytes: (bytes: number) => void) => Promise<void>,
): Promise<HubFile[]> {
  const require = (name: string, cure: string): HubFile => {
    const file = files.get(name);
    if (file === undefined) throw new ModelFileError(`${model}/${name}`, null, 'is not on the hub', cure);
    return file;
  };
  const index = files.get(INDEX_FILE);
  if (!files.has(SINGLE_FILE) && index === undefined) throw withoutSafetensors(model, files);
  const config = require('config.json', 'Choose a model that transformers opens');
  const companions = COMPANION_FILES.flatMap((name) => files.get(name) ?? []);
  if (!files.has(TOKENIZER_FILE)) {
    const cure =
      'Convert its tokenizer with transformers into a folder with the weights, and give that folder';
    require(TOKENIZER_FILE, cure);
  }
  if (files.has(SINGLE_FILE)) return [config, ...companions, require(SINGLE_FILE, '')];
  if (index === undefined) return [];
  await fetchOne(index, () => {});
  const shards = (await weightFileNames(folder)).map((name) => require(name, 'Choose another revision'));
  return [config, ...companions, ...shards];
}

function withoutSafetensors(model: string, files: Files): ModelFileError {
  const names = [...files.keys()];
  const gguf = names.filter((name) => name.endsWith('.gguf'));
  if (gguf.length > 0) {
    const shown = gguf.slice(0, 8).map((name) => `${model}:${name}`);
    return new ModelFileError(
      model,
      null,
      'holds GGUF files',
      `Give one of them, such as ${shown.join(', ')}`,
    );
  }
  const torch = names.some((name) => name.endsWith('.bin')) ? ' (pytorch_model.bin is not read)' : '';
  const cure = 'Choose a model with safetensors, or save it so with transformers and give the folder';
  return new ModelFileError(`${model}/${SINGLE_FILE}`, null, `is not on the hub${torch}`, cure);
}

/** The file, or all parts of the model that it is one part of. */
function ggufFiles(model: string, files: Files, name: string): HubFile[] {
  const count = Number(part.exec(name)?.groups?.['count'] ?? 1);
  const names = Array.from({ length: count }, (_, index) =>
    name.replace(/-\d{5}-of-/, `-${String(index + 1).padStart(5, '0')}-of-`),
  );
  return names.map((one) => {
    const file = files.get(one);
    if (file !== undefined) return file;
    const there = [...files.keys()].filter((other) => other.endsWith('.gguf')).slice(0, 8);
    const cure =
      there.length === 0 ? 'The model has no GGUF files; check the id' : `There are ${there.join(', ')}`;
    throw new ModelFileError(`${model}/${one}`, null, 'is not on the hub', cure);
  });
}
