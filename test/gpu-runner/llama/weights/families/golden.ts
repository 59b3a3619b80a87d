/** What transformers answers for a small checkpoint of each family (test/interop/python/goldens.py), and the checkpoint. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { safetensorsBytes, temporaryFolder } from '../made-up-checkpoint.ts';

const FIXTURES = new URL('../../../../fixtures/families/', import.meta.url);

const goldenSchema = z.strictObject({
  config: z.looseObject({ model_type: z.string() }),
  /** Shape of each tensor by its name. */
  tensors: z.record(z.string(), z.array(z.int())),
  tokens: z.array(z.int()),
  /** Places in `tokens` whose logits are kept. */
  positions: z.array(z.int()),
  /** [positions, vocabulary], fp32, little endian, in base64 */
  logits: z.base64(),
});

export type Golden = z.infer<typeof goldenSchema>;

/** The checkpoints by name. */
export const goldenNames: readonly string[] = readdirSync(FIXTURES).map((file) =>
  path.basename(file, '.json'),
);

export function readGolden(name: string): Golden {
  return goldenSchema.parse(JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8')));
}

/** What transformers answered: [position][token]. */
export function goldenLogits({ logits, positions }: Golden): Float32Array[] {
  const bytes = Uint8Array.from(Buffer.from(logits, 'base64'));
  const all = new Float32Array(bytes.buffer);
  const width = all.length / positions.length;
  return positions.map((_, place) => all.subarray(place * width, (place + 1) * width));
}

/** Writes the checkpoint of a golden; returns its folder. */
export function writeGoldenCheckpoint({ config, tensors }: Golden): string {
  const folder = temporaryFolder();
  const fromOne = config.model_type.startsWith('gemma');
  const all = Object.entries(tensors).map(([name, shape]) => ({
    name,
    shape,
    values: madeUp(name, shape, fromOne),
  }));
  writeFileSync(path.join(folder, 'model.safetensors'), safetensorsBytes(all, 'F32'));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** The weights of test/interop/python/weights.py. */
function madeUp(name: string, shape: readonly number[], normsFromOne: boolean): number[] {
  const start = fnv(name);
  const centre = name.includes('norm') && !normsFromOne ? 1 : 0;
  const size = Math.fround(
    name.includes('norm') ? 0.5 : shape.length === 1 ? 0.25 : 2 / Math.sqrt(shape.at(-1) ?? 1),
  );
  return Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, index) => centre + size * uniform(start, index),
  );
}

/** FNV-1a in 32 bits. */
function fnv(name: string): number {
  let value = 2166136261;
  for (const byte of Buffer.from(name)) value = Math.imul(value ^ byte, 16777619);
  return value;
}

/** In [-1, 1), a multiple of 2 ** -12. */
function uniform(start: number, index: number): number {
  let x = (Math.imul(index, 0x9e3779b9) + start) | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 19) / 4096 - 1;
}
