/** Attention's sums: exact whatever the order and the padding, and near the float64 result. */
import { describe, expect, it } from 'vitest';
import { attend, valueUnits } from '../../../../../gpu-runner/llama/backends/cpu/exact-attention.ts';
import { valueGrid } from '../../../../../gpu-runner/llama/backends/cpu/value-limit.ts';
import type { HadamardBlock } from '../../../../../gpu-runner/llama/model/hadamard.ts';
import { turnBlocks } from '../../../../../gpu-runner/llama/weights/turn-blocks.ts';
import { smallShape } from '../../sampler/small-model.ts';
import type { HostTensor } from '../../../../../gpu-runner/tensor/session.ts';
import { Graph, type Value } from '../../../../../gpu-runner/tensor/graph.ts';
import { GraphError } from '../../../../../gpu-runner/tensor/errors.ts';
import { Draws, numbers, runOnce, testSeed } from '../../../tensor/engine.ts';

const SIZE = 24;

function matrix(rows: number, columns: number, data: ArrayLike<number>): HostTensor {
  return { dtype: 'float32', shape: [1, rows, columns], data: Float32Array.from(Array.from(data)) };
}

/** softmax(scores) V over parts of the positions, in the engine. */
async function attended(
  scores: readonly number[],
  values: readonly (readonly number[])[],
  cutAt: number,
  limit: number,
  { fine = false, long = false } = {},
): Promise<number[]> {
  const count = values.length;
  const { mixed } = await runOnce(
    (graph) => {
      const grid = { limit: graph.scalar(limit, 'float32'), fine, long };
      const parts = [
        graph.input('first', 'float32', [1, cutAt, SIZE]),
        graph.input('second', 'float32', [1, count - cutAt, SIZE]),
      ].map((part) => valueUnits(part, grid));
      const all = graph.input('scores', 'float32', [1, 1, count]);
      return { mixed: attend(all, cutAt === 0 ? parts.slice(1) : parts, grid).mixed };
    },
    {
      first: matrix(cutAt, SIZE, values.slice(0, cutAt).flat()),
      second: matrix(count - cutAt, SIZE, values.slice(cutAt).flat()),
      scores: matrix(1, count, scores),
    },
  );
  return numbers(mixed);
}

function float64(scores: readonly number[], values: readonly (readonly number[])[]): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return Array.from({ length: SIZE }, (_, column) =>
    weights.reduce((sum, weight, row) => sum + (weight / total) * (values[row]?.[column] ?? NaN), 0),
  );
}

describe(`attention over whole numbers, seed ${testSeed}`, () => {
  const cases = [1, 7, 100, 1500].flatMap((positions) =>
    [false, true].map((fine) => [positions, fine] as const),
  );
  for (const [positions, fine] of cases) {
    const grid = fine ? 'a fine grid' : 'a plain grid';
    it(`gives the same bits in any order, cut anywhere, padded anywhere (${positions} positions, ${grid})`, async () => {
      const draws = new Draws(testSeed + positions);
      const spread = positions % 2 === 0 ? 0.01 : 3;
      const scores = Array.from({ length: positions }, () => spread * draws.normal());
      const values = scores.map(() => Array.from({ length: SIZE }, () => draws.normal()));
      // A fine grid is as near with a limit that is far above the values.
      const limit = fine ? 8192 : 8;
      const plain = await attended(scores, values, 0, limit, { fine });
      const order = [...scores.keys()].map((key) => ({ key, by: draws.normal() }));
      order.sort((a, b) => a.by - b.by);
      const padding = 13;
      const shuffled = order.map(({ key }) => scores[key] ?? NaN);
      const moved = order.map(({ key }) => values[key] ?? []);
      const middle = positions >> 1;
      shuffled.splice(middle, 0, ...Array<number>(padding).fill(-1e30));
      moved.splice(middle, 0, ...Array.from({ length: padding }, () => Array<number>(SIZE).fill(7)));
      expect(await attended(shuffled, moved, middle + 5, limit, { fine })).toEqual(plain);
      // Values are off by half a unit of 8 / 2^11 at most; weights by half of 1 / 6144 each, at random.
      const near = 8 / 2 ** 12 + (3 * Math.sqrt(positions)) / 6144;
      float64(scores, values).forEach((value, column) =>
        expect(Math.abs((plain[column] ?? NaN) - value)).toBeLessThan(near),
      );
    });
  }

  it('keeps sums exact at the limits: 4,096 positions alike, all values at their limit', async () => {
    const scores = Array<number>(4096).fill(1.25);
    const values = scores.map(() => Array<number>(SIZE).fill(2));
    const rounded = Math.round((6144 * 4096) / (4096 * 4096));
    const expected = Math.fround((4096 * rounded * 2048 * 2) / (6144 * 2048));
    for (const cutAt of [0, 1, 2500]) {
      for (const value of await attended(scores, values, cutAt, 2)) expect(value).toBeCloseTo(expected, 6);
    }
  });

  it('keeps even attention over 20,000 positions, and the bits of shorter runs', async () => {
    const draws = new Draws(testSeed);
    const made = (positions: number) => ({
      scores: Array.from({ length: positions }, () => 0.1 * draws.normal()),
      values: Array.from({ length: positions }, () => Array.from({ length: SIZE }, () => 3 + draws.normal())),
    });
    const far = made(20_000);
    const found = await attended(far.scores, far.values, 7, 8, { long: true });
    float64(far.scores, far.values).forEach((value, column) =>
      expect(Math.abs((found[column] ?? NaN) - value)).toBeLessThan(0.01),
    );
    const near = made(300);
    expect(await attended(near.scores, near.values, 7, 8, { long: true })).toEqual(
      await attended(near.scores, near.values, 7, 8),
    );
  });

  it('cuts values off at the limit', async () => {
    expect((await attended([0], [Array<number>(SIZE).fill(100)], 0, 4))[0]).toBeCloseTo(4, 6);
    expect((await attended([0], [Array<number>(SIZE).fill(-100)], 0, 4))[0]).toBeCloseTo(-4, 6);
  });
});

describe('the limit of the values', () => {
  const hidden = 64;
  const [heads, keyValueHeads, headSize] = [2, 1, 16];
  const width = (heads + 2 * keyValueHeads) * headSize;
  const start = (heads + keyValueHeads) * headSize;

  /** The limit of layer 1 in the engine, and the longest column of its value projection weighted by `g`. */
  async function limitOf(placement: 'input' | 'output', bias: boolean, hadamard?: HadamardBlock) {
    const draws = new Draws(testSeed);
    const vector = (size: number, middle: number): Float32Array =>
      Float32Array.from({ length: size }, () => middle + 0.3 * draws.normal());
    const weights = Int8Array.from({ length: hidden * width }, () => draws.integer(-127, 127));
    const scale = Float32Array.from({ length: width }, () => 0.01 * (1.5 + Math.abs(draws.normal())));
    const vectors = {
      'layers.1.attention.norm.weight': vector(hidden, 1),
      'layers.0.attention.afterNorm.weight': vector(hidden, 1),
      'layers.0.feedForward.afterNorm.weight': vector(hidden, 1),
      'layers.1.attention.qkv.scale': scale,
      'embedding.scale': Float32Array.of(0.05, 0.01),
      ...(bias ? { 'layers.1.attention.qkv.bias': vector(width, 40) } : {}),
    };
    const byName = new Map<string, Float32Array>(Object.entries(vectors));
    const architecture = {
      ...smallShape,
      hiddenSize: hidden,
      heads,
      keyValueHeads,
      headSize,
      norm: { ...smallShape.norm, placement },
    };
    const { limit } = await runOnce(
      (graph) => ({
        limit: valueGrid(
          architecture,
          {
            has: (name) => byName.has(name),
            value: (name) =>
              name === 'layers.1.attention.qkv.weight'
                ? graph.constant('int8', weights, [hidden, width])
                : graph.constant('float32', byName.get(name) ?? []),
          },
          1,
          hadamard,
        ).limit,
      }),
      {},
    );
    const [found = NaN] = numbers(limit);
    const real = Float32Array.from(weights);
    if (hadamard !== undefined) turnBlocks(real, width, hadamard);
    const longest = (norm?: Float32Array): number =>
      Math.max(
        ...Array.from(scale.subarray(start), (step, column) => {
          const squares = Array.from(
            { length: hidden },
            (_, row) => ((norm?.[row] ?? 1) * (real[row * width + start + column] ?? 0)) ** 2,
          );
          return step * Math.sqrt(squares.reduce((a, b) => a + b, 0));
        }),
      );
    return { found, longest, vectors };
  }

  const largest = (values: Float32Array): number => Math.max(...values.map(Math.abs));

  it.each([
    [false, undefined],
    [true, undefined],
    [false, 16],
    [false, 64],
  ] as const)(
    'is the power of two above sqrt(hidden) |g W_j| + |b_j|, bias %s, turned by %s',
    async (bias, hadamard) => {
      const { found, longest, vectors } = await limitOf('input', bias, hadamard);
      const added = bias ? largest((vectors['layers.1.attention.qkv.bias'] ?? scaleless).subarray(start)) : 0;
      const bound = Math.sqrt(hidden) * longest(vectors['layers.1.attention.norm.weight']) + added;
      expect(Math.log2(found) % 1).toBe(0);
      expect(found).toBeGreaterThanOrEqual(bound);
      expect(found).toBeLessThan(2 * 1.03 * bound);
    },
  );

  it('holds the whole stream where only outputs are normed', async () => {
    const { found, longest, vectors } = await limitOf('output', false);
    const stream =
      127 * 0.05 +
      largest(vectors['layers.0.attention.afterNorm.weight']) +
      largest(vectors['layers.0.feedForward.afterNorm.weight']);
    const bound = Math.sqrt(hidden) * stream * longest();
    expect(found).toBeGreaterThanOrEqual(bound);
    expect(found).toBeLessThan(2 * 1.03 * bound);
  });
});

const scaleless = new Float32Array();

/** Why attention is written out: with the engine's own operator sampler and trainer would differ. */
describe("the engine's GroupQueryAttention", () => {
  const [heads, keyValueHeads, size, tokens] = [6, 2, 32, 80];
  const width = (heads + 2 * keyValueHeads) * size;

  /** Queries, keys and values of some tokens behind a past: what they attend to, and the past with them. */
  async function fused(mixed: Float32Array, keys: Float32Array, values: Float32Array) {
    const time = mixed.length / width;
    const past = keys.length / (keyValueHeads * size);
    const cache = [1, keyValueHeads, past, size];
    const outputs = await runOnce(
      (graph) => {
        const total = past + time;
        const inputs: (Value | undefined)[] = [
          graph.input('mixed', 'float32', [1, time, width]),
          undefined,
          undefined,
          graph.input('keys', 'float32', cache),
          graph.input('values', 'float32', cache),
          graph.constant('int32', [total - 1], [1]),
          graph.constant('int32', [total], []),
        ];
        const grown = { dtype: 'float32', shape: [1, keyValueHeads, total, size] } as const;
        const [output, nextKeys, nextValues] = Graph.emit(
          'GroupQueryAttention',
          inputs,
          { num_heads: heads, kv_num_heads: keyValueHeads },
          [{ dtype: 'float32', shape: [1, time, heads * size] }, grown, grown],
          'com.microsoft',
        );
        if (output === undefined || nextKeys === undefined || nextValues === undefined)
          throw new GraphError('GroupQueryAttention lost a result');
        return { output, nextKeys, nextValues };
      },
      {
        mixed: { dtype: 'float32', shape: [1, time, width], data: mixed },
        keys: { dtype: 'float32', shape: cache, data: keys },
        values: { dtype: 'float32', shape: cache, data: values },
      },
    );
    return {
      output: numbers(outputs['output']),
      keys: Float32Array.from(numbers(outputs['nextKeys'])),
      values: Float32Array.from(numbers(outputs['nextValues'])),
    };
  }

  // Other processors have other routines for one row.
  it.runIf(process.arch === 'x64')('adds up token by token in another order than all at once', async () => {
    const draws = new Draws(7);
    const mixed = Float32Array.from({ length: tokens * width }, () => draws.normal());
    const none = new Float32Array(0);
    const atOnce = (await fused(mixed, none, none)).output;
    let past = { keys: none, values: none };
    const byToken: number[] = [];
    for (let token = 0; token < tokens; token++) {
      const { output, ...next } = await fused(
        mixed.subarray(token * width, (token + 1) * width),
        past.keys,
        past.values,
      );
      byToken.push(...output);
      past = next;
    }
    const gaps = byToken.map((value, index) => Math.abs(value - (atOnce[index] ?? NaN)));
    expect(Math.max(...gaps)).toBeLessThan(1e-5);
    expect(gaps.filter((gap) => gap > 0).length).toBeGreaterThan(gaps.length / 10);
  });
});
