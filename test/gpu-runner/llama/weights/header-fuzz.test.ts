/** Hostile headers: 10,000 damaged GGUF and safetensors files each end in a result or in an error that names the field. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ModelFileError } from '../../../../gpu-runner/files/model-file-error.ts';
import { openGguf } from '../../../../gpu-runner/llama/weights/gguf/open-gguf.ts';
import { openSafetensors } from '../../../../gpu-runner/llama/weights/safetensors-reader.ts';
import { ggufBytes, llamaContent } from './gguf/made-up-gguf.ts';
import {
  huggingFaceShapes,
  madeUpArchitecture,
  madeUpValues,
  safetensorsBytes,
  temporaryFolder,
} from './made-up-checkpoint.ts';
import { damageBytes, Dice } from './mutations.ts';

/** A run draws its own seed; `RLCD_FUZZ_SEED` repeats one. */
const seed = Number(process.env['RLCD_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const CASES = 10_000;
/** Above the file itself a reader may hold what it has parsed of it. */
const MEMORY_BEYOND_FILE = 1 << 20;
/** What the process may grow by in all: the engine collects garbage when it likes. */
const GROWTH_LIMIT = 300e6;
/** Of the processor, whatever else the machine does. */
const LONGEST_CASE_MICROSECONDS = 5e6;

const small = {
  ...madeUpArchitecture,
  hiddenSize: 8,
  intermediateSize: 8,
  heads: 2,
  keyValueHeads: 1,
  layers: 1,
};

interface Format {
  readonly name: string;
  readonly whole: Buffer;
  /** Bytes that every file of the format begins with. */
  readonly magic: Buffer;
  readonly read: (file: string) => Promise<void>;
}

const formats: readonly Format[] = [
  {
    name: 'GGUF',
    whole: ggufBytes(llamaContent(small)),
    magic: Buffer.from('GGUF\u{3}\0\0\0', 'latin1'),
    read: async (file) => {
      const model = await openGguf(file);
      try {
        model.companions();
        for (const matrix of [model.source.embedding, model.source.norm]) await matrix.read(0, 1);
      } finally {
        await model.close();
      }
    },
  },
  {
    name: 'safetensors',
    whole: safetensorsBytes(
      huggingFaceShapes(small).map(([name, shape]) => ({ name, shape, values: madeUpValues(name, shape) })),
      'F32',
    ),
    magic: Buffer.alloc(0),
    read: async (file) => {
      const reader = await openSafetensors(file);
      try {
        for (const name of reader.entries.keys()) await reader.readElements(name);
      } finally {
        await reader.close();
      }
    },
  },
];

/** Places that hold a number as lengths, counts and sizes are: most of what a header would have believed. */
function lengthPlaces(whole: Buffer): number[] {
  return Array.from({ length: whole.length - 8 }, (_, place) => place).filter((place) => {
    const value = whole.readBigUInt64LE(place);
    return value > 0n && value < 10_000n;
  });
}

const places = new Map(formats.map(({ name, whole }) => [name, lengthPlaces(whole)]));

const absurdLengths = [
  0n,
  1n,
  255n,
  ...[16n, 20n, 22n, 24n, 31n, 32n, 40n, 53n, 62n].map((bits) => (1n << bits) - 1n),
  1n << 21n,
  (1n << 64n) - 1n,
];

/** Random bytes, a 64-bit length of absurd size, or damage as every kind of file gets it. */
function damage({ name, whole, magic }: Format, dice: Dice): Buffer {
  const kind = dice.below(8);
  if (kind === 0) {
    const random = Buffer.from(Array.from({ length: dice.below(2000) }, () => dice.below(256)));
    return dice.below(2) === 0 ? random : Buffer.concat([magic, random]);
  }
  if (kind > 3) return damageBytes(whole, dice);
  const copy = Buffer.from(whole);
  copy.writeBigUInt64LE(dice.pick(absurdLengths), dice.pick(places.get(name) ?? [0]));
  return copy;
}

test.each(formats)('$name', async (format) => {
  console.log(`${format.name}: RLCD_FUZZ_SEED=${seed}`);
  const file = path.join(temporaryFolder(), 'model.gguf');
  writeFileSync(file, format.whole);
  await format.read(file);
  const before = process.memoryUsage();
  const faults: string[] = [];
  let refused = 0;
  for (let index = 0; index < CASES; index++) {
    const bytes = damage(format, new Dice(seed, index));
    writeFileSync(file, bytes);
    const began = process.cpuUsage();
    const held = process.memoryUsage().arrayBuffers;
    let told = true;
    try {
      await format.read(file);
    } catch (error) {
      refused += 1;
      told =
        error instanceof ModelFileError &&
        error.field !== null &&
        error.cure !== '' &&
        error.message.length < 2000;
      if (!told) faults.push(`seed ${seed}, case ${index}: ${String(error)}`);
    }
    const grown = process.memoryUsage().arrayBuffers - held;
    if (grown > 4 * bytes.length + MEMORY_BEYOND_FILE)
      faults.push(`seed ${seed}, case ${index}: ${grown} bytes`);
    const { user, system } = process.cpuUsage(began);
    if (user + system > LONGEST_CASE_MICROSECONDS) faults.push(`seed ${seed}, case ${index}: slow`);
  }
  const grownInAll = process.memoryUsage().rss - before.rss;
  console.log(
    `${format.name}: ${refused} of ${CASES} refused, ${Math.round(grownInAll / 1e6)} MB more in the end`,
  );
  expect(faults.slice(0, 10)).toEqual([]);
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(grownInAll).toBeLessThan(GROWTH_LIMIT);
});
