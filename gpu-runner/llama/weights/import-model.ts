/** Imports a model in whatever form it comes, converting it once: the base, its tokenizer and where they came from. */
import { createHash } from 'node:crypto';
import { readdir, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openCacheFolder } from '../../files/cache-folder.ts';
import type { Architecture } from '../model/architecture.ts';
import { loadTokenizer, type Tokenizer, tokenizerOf } from '../tokenizer/tokenizer.ts';
import {
  COMPANION_FILES,
  type Companions,
  companionsOf,
  readCompanions,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
} from '../tokenizer/companions.ts';
import { baseSource } from './base-source.ts';
import { convertWeights } from './convert.ts';
import { exists } from '../../files/files.ts';
import { RememberedHashes } from '../../files/remembered-hashes.ts';
import { ModelCache, type Release } from '../../files/model-cache.ts';
import { downloadModel, type DownloadProgress, hubNameOf, isHubId } from './hub.ts';
import { openHuggingFaceFolder, type OpenedCheckpoint, weightFileNames } from './huggingface-folder.ts';
import { ggufIn } from './gguf/gguf-in.ts';
import { openGguf } from './gguf/open-gguf.ts';
import { partsOf } from './gguf/split-files.ts';
import { openLlama2cFile } from './llama2c-file.ts';
import { readLlama2cTokenizer } from '../tokenizer/llama2c-tokenizer.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import {
  BASE_BINARY_FILE,
  BASE_DESCRIPTION_FILE,
  type BaseProvenance,
  openBase,
  type BaseFile,
} from './base-file.ts';
import { baseLayout, type BasePrecision, layoutLength } from './base-layout.ts';
import { BaseWriter } from './base-writer.ts';

/** Part of every cache key: raise it when the same source would be converted to other bytes. */
const IMPORTER_VERSION = 6;

export interface ImportOptions {
  /** Where conversions and downloads are kept. */
  readonly cacheDirectory: string;
  /** `int8` unless said otherwise; `fp32` is for small models that are trained in full and for reference forwards. */
  readonly precision?: BasePrecision;
  /**
   * What has the form of a hub id is one, though a path of that name may exist: for names that come from somewhere else,
   * where a path would tell what lies on this machine.
   */
  readonly hubFirst?: boolean;
  /** Called while a model comes from the hub. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** The files of a model as this project keeps them, before a device is chosen. */
export interface ImportedModel {
  readonly architecture: Architecture;
  readonly base: BaseFile;
  readonly tokenizer: Tokenizer;
  readonly provenance: BaseProvenance;
  /** Lets the cache drop it: for a process that goes on without it. The end of the process does so, too. */
  readonly release: Release;
}

/** A source before its conversion. */
interface Source {
  readonly origin: BaseProvenance['origin'];
  /** Files that decide the result, hashed for the cache key. */
  readonly files: readonly string[];
  readonly open: () => Promise<OpenedCheckpoint>;
  /** The files beside the weights that stay with the base: tokenizer, chat template, generation settings. */
  readonly companions: (architecture: Architecture) => Promise<Companions>;
}

/**
 * Imports a model.
 *
 * @param pathOrHubId a Hugging Face LLaMA folder, a GGUF file or the folder of one, a llama2.c file with its tokenizer
 *   beside it or the folder of one, a converted base folder, or a hub id (`owner/name`, optionally `@revision`); what exists
 *   as a path is taken as one unless `hubFirst` is set
 * @throws ModelFileError naming the file, the fault and the cure; CacheFolderError; CacheFullError
 */
export async function importModel(pathOrHubId: string, options: ImportOptions): Promise<ImportedModel> {
  const { cacheDirectory, precision = 'int8', hubFirst = false } = options;
  await openCacheFolder(cacheDirectory);
  const cache = new ModelCache(cacheDirectory);
  if (isHubId(pathOrHubId) && (hubFirst || !(await exists(pathOrHubId)))) {
    const release = cache.use('hub', hubNameOf(pathOrHubId));
    try {
      const location = await downloadModel(pathOrHubId, cacheDirectory, options.onProgress);
      const named = { source: pathOrHubId, location: pathOrHubId };
      return await open(location, named, precision, cache, cacheDirectory);
    } finally {
      // The base is all that is needed from now on.
      release();
    }
  }
  if (!(await exists(pathOrHubId))) {
    const cure = 'Check the path, or give a hub id such as owner/name';
    throw new ModelFileError(pathOrHubId, null, 'does not exist', cure);
  }
  const location = path.resolve(pathOrHubId);
  const named = { source: path.basename(location), location };
  return await open(location, named, precision, cache, cacheDirectory);
}

/** What it is called, and where it was opened from. */
interface Named {
  readonly source: string;
  readonly location: string;
}

/** Opens what lies at a place, converted if it must be. */
async function open(
  location: string,
  named: Named,
  precision: BasePrecision,
  cache: ModelCache,
  cacheDirectory: string,
): Promise<ImportedModel> {
  const hashes = new RememberedHashes(cacheDirectory);
  const isFolder = (await stat(location)).isDirectory();
  const ready = isFolder && (await exists(path.join(location, BASE_DESCRIPTION_FILE)));
  const present = ready ? await openBase(location) : null;
  if (present?.precision === precision) {
    return await describe(present, present.provenance.location ?? location, hashes, () => {});
  }
  if (present !== null && present.precision !== 'fp32') {
    const cure = 'Open it as int8, or give the fp32 model that it was made from';
    throw new ModelFileError(
      location,
      'precision',
      `is ${present.precision}, asked for is ${precision}`,
      cure,
    );
  }
  const source =
    present !== null
      ? baseFolderSource(present)
      : isFolder
        ? await folderSource(location)
        : await fileSource(await followed(location));
  const origin: Named = { ...named, location: present?.provenance.location ?? named.location };
  const { base, release } = await convertOnce(source, origin, precision, cache, hashes);
  try {
    return await describe(base, origin.location, hashes, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function folderSource(folder: string): Promise<Source> {
  const file = (await ggufIn(folder)) ?? (await llama2cFileIn(folder));
  return file === undefined ? await huggingFaceSource(folder) : await fileSource(file);
}

/** A file that someone names may be a link to anywhere. Files of the hub's cache have their name only as links. */
async function followed(file: string): Promise<string> {
  const target = await realpath(file);
  return path.extname(target) === path.extname(file) ? target : file;
}

async function fileSource(file: string): Promise<Source> {
  return file.endsWith('.gguf') ? ggufSource(file) : await llama2cSource(file);
}

/** The model of a folder that holds one llama2.c file and nothing of Hugging Face's; undefined for any other folder. */
async function llama2cFileIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder);
  if (names.includes('config.json') || names.some((name) => /safetensors|^pytorch_model/.test(name)))
    return undefined;
  const [model, ...others] = names.filter((name) => name.endsWith('.bin') && !name.startsWith('tok'));
  return model === undefined || others.length > 0 ? undefined : path.join(folder, model);
}

/**
 * Checks the weights against the hash that names them.
 *
 * @param location where it was opened from this time: the same bytes may lie in several places
 */
async function describe(
  base: BaseFile,
  location: string,
  hashes: RememberedHashes,
  release: Release,
): Promise<ImportedModel> {
  await base.verify((file) => hashes.hashOf(file));
  const { architecture } = base;
  const tokenizer = await loadTokenizer(base.folder, architecture);
  return { architecture, base, tokenizer, provenance: { ...base.provenance, location }, release };
}

async function convertOnce(
  source: Source,
  named: Named,
  precision: BasePrecision,
  cache: ModelCache,
  hashes: RememberedHashes,
): Promise<{ readonly base: BaseFile; readonly release: Release }> {
  const files: BaseProvenance['files'] = [];
  for (const file of source.files) {
    files.push({
      name: path.basename(file),
      bytes: (await stat(file)).size,
      sha256: await hashes.hashOf(file),
    });
  }
  const key = createHash('sha256').update(
    JSON.stringify([IMPORTER_VERSION, source.origin, precision, files]),
  );
  const name = key.digest('hex');
  const release = cache.use('bases', name);
  try {
    return { base: await convert(source, { ...named, files }, precision, cache, name), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The base of that name, made unless it is there. */
async function convert(
  source: Source,
  provenance: Omit<BaseProvenance, 'origin'>,
  precision: BasePrecision,
  cache: ModelCache,
  name: string,
): Promise<BaseFile> {
  const folder = cache.folderOf('bases', name);
  if (await exists(path.join(folder, BASE_DESCRIPTION_FILE))) return await openBase(folder);
  const { source: weights, close } = await source.open();
  try {
    const companions = await source.companions(weights.architecture);
    const { bosToken, eosTokens } = tokenizerOf(companions, weights.architecture);
    const within = (token: number): boolean => token < weights.architecture.vocabularySize;
    // What the model's own files leave open the tokenizer says; an id that the model has no row for can never come.
    const architecture = {
      ...weights.architecture,
      bosToken: bosToken !== null && within(bosToken) ? bosToken : null,
      eosTokens: eosTokens.filter(within),
    };
    const bytes = layoutLength(baseLayout(architecture, precision, precision === 'int8'));
    // Some processors want the bytes a second time.
    await cache.makeRoom('bases', name, 2 * bytes);
    const writer = await BaseWriter.create(folder, architecture, precision);
    try {
      for (const [file, { bytes: content }] of companions)
        await writeFile(path.join(writer.partialFolder, file), content);
      await convertWeights(weights, writer);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return await writer.finish({ origin: source.origin, ...provenance });
  } finally {
    await close();
  }
}

async function huggingFaceSource(folder: string): Promise<Source> {
  const optional = [];
  for (const name of COMPANION_FILES) {
    if (name === TOKENIZER_FILE || (await exists(path.join(folder, name)))) optional.push(name);
  }
  const names = ['config.json', ...optional, ...(await weightFileNames(folder))];
  const files = names.map((name) => path.join(folder, name));
  for (const file of files) {
    if (!(await exists(file))) {
      throw new ModelFileError(file, null, 'is missing', 'Fetch every file of the model into one folder');
    }
  }
  return {
    origin: 'huggingface',
    files,
    open: () => openHuggingFaceFolder(folder),
    companions: () => readCompanions(folder),
  };
}

function ggufSource(file: string): Source {
  return {
    origin: 'gguf',
    files: partsOf(file),
    open: () => openGguf(file),
    companions: async () => {
      const model = await openGguf(file);
      await model.close();
      return model.companions();
    },
  };
}

async function llama2cSource(file: string): Promise<Source> {
  const { source, close } = await openLlama2cFile(file);
  await close();
  const tokenizerFile = await findLlama2cTokenizer(file, source.architecture.vocabularySize);
  return {
    origin: 'llama2.c',
    files: [file, tokenizerFile],
    open: () => openLlama2cFile(file),
    companions: async (architecture) => {
      const { tokenizer, config } = await readLlama2cTokenizer(tokenizerFile, architecture.vocabularySize);
      return companionsOf(tokenizerFile, tokenizer, config, null);
    },
  };
}

/** tok<vocabulary>.bin as llama2.c names it, or tokenizer.bin. */
async function findLlama2cTokenizer(file: string, vocabularySize: number): Promise<string> {
  const folder = path.dirname(file);
  for (const name of [`tok${vocabularySize}.bin`, 'tokenizer.bin']) {
    if (await exists(path.join(folder, name))) return path.join(folder, name);
  }
  throw new ModelFileError(
    path.join(folder, `tok${vocabularySize}.bin`),
    null,
    'is missing, and so is tokenizer.bin',
    'Put the tokenizer that was exported with the model beside it',
  );
}

function baseFolderSource(base: BaseFile): Source {
  const names = [BASE_DESCRIPTION_FILE, BASE_BINARY_FILE, TOKENIZER_FILE, TOKENIZER_CONFIG_FILE];
  return {
    origin: base.provenance.origin,
    files: names.map((name) => path.join(base.folder, name)),
    open: async () => baseSource(base),
    companions: () => readCompanions(base.folder),
  };
}
