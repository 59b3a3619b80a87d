/** Damaged files of every kind: a typed error that names the file, or a result; no crash, no unbounded memory. */
import { projections, projectionShape } from '../../../../gpu-runner/llama/model/adapter.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decodeAdapter, encodeAdapter } from '../../../../gpu-runner/llama/weights/adapter-files.ts';
import { openHuggingFaceFolder } from '../../../../gpu-runner/llama/weights/huggingface-folder.ts';
import { openLlama2cFile } from '../../../../gpu-runner/llama/weights/llama2c-file.ts';
import { readLlama2cTokenizer } from '../../../../gpu-runner/llama/tokenizer/llama2c-tokenizer.ts';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import { openBase } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { loadTokenizer } from '../../../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { convertOpened } from './convert-opened.ts';
import { tokenizerFileBytes } from '../tokenizer/greedy-tokenizer.ts';
import {
  madeUpArchitecture,
  temporaryFolder,
  writeHuggingFaceFolder,
  writeMadeUpTokenizer,
} from './made-up-checkpoint.ts';
import { damageBytes, damageJson, Dice } from './mutations.ts';

/** A run draws its own seed; `RLCD_FUZZ_SEED` repeats one. */
const seed = Number(process.env['RLCD_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const CASES = 150;
const MEMORY_LIMIT = 400e6;

interface Kind {
  readonly name: string;
  /** Makes whole files once; returns the folder. */
  readonly make: () => Promise<string>;
  /** The file that is damaged. */
  readonly file: string;
  readonly json: boolean;
  readonly read: (folder: string) => Promise<unknown>;
}

const small = { ...madeUpArchitecture, layers: 1 };

async function readHuggingFace(folder: string): Promise<void> {
  await convertOpened(await openHuggingFaceFolder(folder), 'int8');
}

async function readAdapter(folder: string): Promise<void> {
  const config = readFileSync(path.join(folder, 'adapter_config.json'));
  const weights = readFileSync(path.join(folder, 'adapter_model.safetensors'));
  await decodeAdapter({ config, weights }, small, folder);
}

async function makeAdapter(): Promise<string> {
  const folder = temporaryFolder();
  const pair = (projection: (typeof projections)[number]): { a: Float32Array; b: Float32Array } => {
    const [outputs, inputs] = projectionShape(small, projection);
    return { a: new Float32Array(2 * inputs).fill(0.5), b: new Float32Array(2 * outputs).fill(-0.5) };
  };
  const layers = [Object.fromEntries(projections.map((projection) => [projection, pair(projection)]))];
  const head = { weight: new Float32Array(24).fill(1), bias: 1 };
  const files = await encodeAdapter({ rank: 2, alpha: 4, projections, layers, head }, small, 'base');
  writeFileSync(path.join(folder, 'adapter_config.json'), files.config);
  writeFileSync(path.join(folder, 'adapter_model.safetensors'), files.weights);
  return folder;
}

/** Little-endian llama2.c version 0 of zeros. */
async function makeLlama2c(): Promise<string> {
  const folder = temporaryFolder();
  const [dim, hidden, layers, heads, groups, vocabulary, positions] = [8, 12, 1, 2, 1, 9, 4] as const;
  const weights = vocabulary * dim + layers * (2 * dim + 3 * dim * dim + 3 * dim * hidden) + dim;
  const tables = positions * (dim / heads);
  const header = Int32Array.of(dim, hidden, layers, heads, groups, vocabulary, positions);
  writeFileSync(
    path.join(folder, 'model.bin'),
    Buffer.concat([Buffer.from(header.buffer), Buffer.alloc((weights + tables) * 4)]),
  );
  return folder;
}

/** llama2.c version 2 of zeros, groups of 4. */
async function makeQuantized(): Promise<string> {
  const folder = temporaryFolder();
  const header = Buffer.alloc(256);
  header.writeUInt32LE(0x616b3432);
  header.writeInt32LE(2, 4);
  for (const [index, value] of [8, 12, 1, 2, 1, 9, 4].entries()) header.writeInt32LE(value, 8 + 4 * index);
  header.writeUInt8(1, 36);
  header.writeInt32LE(4, 37);
  const elements = 9 * 8 + 3 * 8 * 8 + 3 * 8 * 12;
  writeFileSync(
    path.join(folder, 'model.bin'),
    Buffer.concat([header, Buffer.alloc(3 * 8 * 4 + elements * 2)]),
  );
  return folder;
}

async function makeTokenizerBin(): Promise<string> {
  const folder = temporaryFolder();
  const special = ['<unk>', '<s>', '</s>'].map((text) => ({ text, score: 0 }));
  const bytes = Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    score: 0,
  }));
  const words = [' ', 'a', 'b', 'ab'].map((text, index) => ({ text, score: -index }));
  writeFileSync(path.join(folder, 'tok.bin'), tokenizerFileBytes([...special, ...bytes, ...words]));
  return folder;
}

async function makeTokenizerJson(): Promise<string> {
  const folder = temporaryFolder();
  writeMadeUpTokenizer(folder);
  return folder;
}

async function makeBase(): Promise<string> {
  return (await writeRandomBase(path.join(temporaryFolder(), 'base'), small, 'int8', 1)).folder;
}

async function readBase(folder: string): Promise<void> {
  const base = await openBase(folder);
  for (const { name } of base.regions) await base.readDequantised(name);
  await base.verify();
}

const huggingFace = async (): Promise<string> => writeHuggingFaceFolder({ architecture: small });
const sharded = async (): Promise<string> => writeHuggingFaceFolder({ architecture: small, shards: 2 });
const readLlama2c = async (folder: string): Promise<void> => {
  await convertOpened(await openLlama2cFile(path.join(folder, 'model.bin')), 'fp32');
};

const kinds: readonly Kind[] = [
  { name: 'safetensors', make: huggingFace, file: 'model.safetensors', json: false, read: readHuggingFace },
  { name: 'config.json', make: huggingFace, file: 'config.json', json: true, read: readHuggingFace },
  {
    name: 'shard index',
    make: sharded,
    file: 'model.safetensors.index.json',
    json: true,
    read: readHuggingFace,
  },
  { name: 'llama2.c v0', make: makeLlama2c, file: 'model.bin', json: false, read: readLlama2c },
  { name: 'llama2.c v2', make: makeQuantized, file: 'model.bin', json: false, read: readLlama2c },
  {
    name: 'tokenizer.bin',
    make: makeTokenizerBin,
    file: 'tok.bin',
    json: false,
    read: (folder) => readLlama2cTokenizer(path.join(folder, 'tok.bin'), 263),
  },
  {
    name: 'tokenizer.json',
    make: makeTokenizerJson,
    file: 'tokenizer.json',
    json: true,
    read: (folder) => loadTokenizer(folder, small),
  },
  {
    name: 'tokenizer_config.json',
    make: makeTokenizerJson,
    file: 'tokenizer_config.json',
    json: true,
    read: (folder) => loadTokenizer(folder, small),
  },
  { name: 'base.json', make: makeBase, file: 'base.json', json: true, read: readBase },
  { name: 'base.bin', make: makeBase, file: 'base.bin', json: false, read: readBase },
  {
    name: 'adapter config',
    make: makeAdapter,
    file: 'adapter_config.json',
    json: true,
    read: readAdapter,
  },
  {
    name: 'adapter weights',
    make: makeAdapter,
    file: 'adapter_model.safetensors',
    json: false,
    read: readAdapter,
  },
];

/** Whether an error is the typed one, names the file, says what to do and is short enough to read. */
function isTold(error: unknown, folder: string): boolean {
  return (
    error instanceof ModelFileError &&
    error.message.includes(folder) &&
    error.message.length < 2000 &&
    error.cure !== ''
  );
}

test.each(kinds)('$name', async ({ name, make, file, json, read }) => {
  console.log(`${name}: RLCD_FUZZ_SEED=${seed}`);
  const folder = await make();
  const damaged = path.join(folder, file);
  const whole = readFileSync(damaged);
  await read(folder);
  const before = process.resourceUsage().maxRSS * 1024;
  let refused = 0;
  const faults: string[] = [];
  for (let index = 0; index < CASES; index++) {
    const dice = new Dice(seed, index);
    const asJson = json && dice.below(3) !== 0;
    writeFileSync(damaged, asJson ? damageJson(whole.toString(), dice) : damageBytes(whole, dice));
    try {
      await read(folder);
    } catch (error) {
      refused += 1;
      if (!isTold(error, folder)) faults.push(`seed ${seed}, case ${index}: ${String(error)}`);
    }
  }
  expect(faults).toEqual([]);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(process.resourceUsage().maxRSS * 1024 - before).toBeLessThan(MEMORY_LIMIT);
});
