/** Random weights for any shape, a pure function of (architecture, seed, tensor name): benches and made-up models. */
import { philox4x32 } from '../../../shared/random.ts';
import type { Architecture } from '../model/architecture.ts';
import { MatrixSink } from './matrix-sink.ts';
import type { BaseFile } from './base-file.ts';
import type { BasePrecision } from './base-layout.ts';
import { BaseWriter } from './base-writer.ts';

const CHUNK_ELEMENTS = 1 << 20;

/**
 * Writes a base of normal random weights with all norms at one: the start of a model trained from scratch.
 *
 * The embedding and the output have standard deviation 0.02, the other matrices 1/sqrt(inputs), divided by
 * sqrt(2 layers) where they write to the residual stream. The `int8` form holds the rounded numbers of the `fp32` form of
 * the same seed, so that the two can be compared.
 *
 * @param seed a non-negative integer below 2^32
 */
export async function writeRandomBase(
  folder: string,
  architecture: Architecture,
  precision: BasePrecision,
  seed: number,
): Promise<BaseFile> {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(`seed must be an integer in 0..2^32-1, got ${seed}`);
  }
  const writer = await BaseWriter.create(folder, architecture, precision);
  try {
    await fill(writer, architecture, seed);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return await writer.finish({ form: 'random', source: `random weights of seed ${seed}`, files: [] });
}

async function fill(writer: BaseWriter, architecture: Architecture, seed: number): Promise<void> {
  const { hiddenSize, intermediateSize, layers, heads, headSize, tiedEmbedding } = architecture;
  const ones = new Float32Array(hiddenSize).fill(1);
  const residual = 1 / Math.sqrt(2 * layers);
  await fillMatrix(writer, 'embedding', 0.02, seed, 'embedding');
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `layers.${layer}`;
    const inner = 1 / Math.sqrt(hiddenSize);
    await writer.write(`${prefix}.attention.norm.weight`, ones);
    await fillMatrix(writer, `${prefix}.attention.qkv`, inner, seed);
    await fillMatrix(writer, `${prefix}.attention.output`, residual / Math.sqrt(heads * headSize), seed);
    await writer.write(`${prefix}.feedForward.norm.weight`, ones);
    await fillMatrix(writer, `${prefix}.feedForward.gateUp`, inner, seed);
    await fillMatrix(writer, `${prefix}.feedForward.down`, residual / Math.sqrt(intermediateSize), seed);
  }
  await writer.write('norm.weight', ones);
  if (!tiedEmbedding) await fillMatrix(writer, 'output', 0.02, seed);
  else if (writer.precision === 'int8') await fillMatrix(writer, 'output', 0.02, seed, 'embedding');
}

/** @param stream name whose numbers are drawn; two matrices of one stream hold the same rows */
async function fillMatrix(
  writer: BaseWriter,
  name: string,
  deviation: number,
  seed: number,
  stream = name,
): Promise<void> {
  const sink = new MatrixSink(writer, name);
  const source = normalSource(seed, stream, deviation);
  const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / sink.inputs));
  for (let channel = 0; channel < sink.outputs; channel += step) {
    const rows = new Float32Array(Math.min(step, sink.outputs - channel) * sink.inputs);
    source(rows);
    await sink.add(rows, channel);
  }
  await sink.close();
}

/**
 * Fills arrays with normal numbers, much faster than one Philox draw each: xoshiro128** keyed by Philox from
 * (seed, stream), 16 bits a number, through a table of the normal quantiles.
 */
function normalSource(seed: number, stream: string, deviation: number): (target: Float32Array) => void {
  const table = quantiles().map((value) => value * deviation);
  let [a, b, c, d] = philox4x32([fingerprint(stream), 0, 0, 0], [seed, 0x6d6f64]);
  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return (target) => {
    for (let index = 0; index < target.length; index += 2) {
      const word = next();
      target[index] = table[word >>> 16] ?? 0;
      if (index + 1 < target.length) target[index + 1] = table[word & 0xffff] ?? 0;
    }
  };
}

/** FNV-1a of a name: which stream its numbers come from. */
function fingerprint(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

let quantileTable: Float32Array | null = null;

/** Standard normal quantiles at (i + 1/2) / 2^16, scaled to unit variance over the table. */
function quantiles(): Float32Array {
  if (quantileTable !== null) return quantileTable;
  const count = 1 << 16;
  const table = new Float64Array(count);
  let squares = 0;
  for (let index = 0; index < count; index++) {
    const value = normalQuantile((index + 0.5) / count);
    table[index] = value;
    squares += value * value;
  }
  const correction = Math.sqrt(count / squares);
  quantileTable = Float32Array.from(table, (value) => value * correction);
  return quantileTable;
}

/** Inverse of the standard normal distribution function, to 4.5e-4 (Abramowitz and Stegun 26.2.23). */
function normalQuantile(probability: number): number {
  const tail = Math.min(probability, 1 - probability);
  const t = Math.sqrt(-2 * Math.log(tail));
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328);
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  const magnitude = t - numerator / denominator;
  return probability < 0.5 ? -magnitude : magnitude;
}
