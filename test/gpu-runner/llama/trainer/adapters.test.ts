/** Adapter groups over a frozen base: scores and gradients of every objective against the float64 oracle. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { describe, expect, it } from 'vitest';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { languageModelBatch } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import {
  type AdapterLayout,
  adapterLayout,
  vectorFromAdapter,
} from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { preferenceBatch } from '../../../../gpu-runner/llama/trainer/preference-trainer.ts';
import { ppoBatch, type PpoRow } from '../../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import type { Trainable } from '../../../../gpu-runner/llama/trainer/graphs.ts';
import { fullLayout } from '../../../../gpu-runner/llama/trainer/full-weights.ts';
import { fusedLayers, fusedProjections } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { normal } from '../../../../shared/random.ts';
import { hiddenStates, logits } from '../../../oracle/llama.ts';
import { Matrix, Tape } from '../../../oracle/tape.ts';
import {
  adam,
  familyVariants,
  oracleWeights,
  randomAdapter,
  randomSequences,
  shapeVariants,
  smallShape,
  withBase,
  worstDifference,
} from './fixtures.ts';
import { gradientOf } from './one-run.ts';

const RANK = 3;
const TIME = 24;

/** One group's model in the oracle, with its scalar head, and its gradient as the product lays it out. */
async function oracleGroup(
  base: BaseFile,
  layout: AdapterLayout,
  vector: Float32Array,
): Promise<{
  hidden: (tape: Tape, tokens: readonly number[]) => Matrix;
  tokenScores: (tape: Tape, hidden: Matrix, targets: readonly number[], temperature: number) => Matrix;
  head: Matrix;
  bias: number;
  gradient: (biasGradient: number) => Float32Array;
}> {
  const { architecture } = base;
  const names = fullLayout(architecture).map(({ name }) => name);
  const tensors = new Map(
    await Promise.all(names.map(async (name) => [name, await base.readDequantised(name)] as const)),
  );
  const read = (name: string): Float32Array => tensors.get(name) ?? new Float32Array();
  const { weights, pairs } = oracleWeights(architecture, read, { layout, vector });
  const bias = vector.at(-1) ?? Number.NaN;
  const head = new Matrix(1, architecture.hiddenSize, vector.slice(-1 - architecture.hiddenSize, -1));
  return {
    head,
    bias,
    hidden: (tape, tokens) => hiddenStates(tape, architecture, weights, tokens),
    tokenScores: (tape, hidden, targets, temperature) =>
      tape.logProbabilities(logits(tape, architecture, hidden, weights, temperature), targets),
    gradient: (biasGradient) => {
      const transposed = (matrix: Matrix): Float32Array =>
        Float32Array.from({ length: matrix.gradient.length }, (_, index) => {
          const [row, column] = [index % matrix.rows, Math.floor(index / matrix.rows)];
          return matrix.gradient[row * matrix.columns + column] ?? 0;
        });
      return vectorFromAdapter(layout, {
        rank: layout.rank,
        alpha: layout.alpha,
        projections: fusedLayers.flatMap((fused) => fusedProjections[fused]),
        layers: Array.from({ length: architecture.layers }, (_, layer) =>
          Object.fromEntries(
            fusedLayers
              .flatMap((fused) => fusedProjections[fused])
              .flatMap((projection) => {
                const pair = pairs.get(`${layer}.${projection}`);
                return pair === undefined
                  ? []
                  : [[projection, { a: transposed(pair.a), b: transposed(pair.b) }]];
              }),
          ),
        ),
        head: { weight: Float32Array.from(head.gradient), bias: biasGradient },
      });
    },
  };
}

async function setUp<Result>(
  architecture: Architecture,
  groups: number,
  use: (context: {
    base: BaseFile;
    layout: AdapterLayout;
    vectors: Float32Array[];
    trainable: Extract<Trainable, { kind: 'adapters' }>;
  }) => Promise<Result>,
): Promise<Result> {
  return await withBase(architecture, 'fp32', 3, async (base) => {
    const layout = adapterLayout(architecture, RANK, 6);
    const vectors = Array.from({ length: groups }, (_, group) => randomAdapter(layout, 20 + group));
    return await use({
      base,
      layout,
      vectors,
      trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups },
    });
  });
}

describe.each([...shapeVariants, ...familyVariants])('adapters: %s', (_name, architecture) => {
  it('have the oracle log-probabilities and gradients in two groups of different lengths', async () => {
    await setUp(architecture, 2, async ({ base, layout, vectors, trainable }) => {
      const rows = vectors.map((_, group) =>
        randomSequences(3 + group, architecture.vocabularySize, [3, TIME], 50 + group).map((tokens) => ({
          tokens,
          start: 2,
        })),
      );
      const factors = rows.map((own) => 1 / own.reduce((sum, { tokens }) => sum + tokens.length - 2, 0));
      const { batch, picks } = languageModelBatch(rows, factors, trainable, TIME);
      const found = await gradientOf(
        trainable,
        { kind: 'language-model' },
        batch.feeds,
        initialState(vectors).parameters,
        TIME,
      );
      const scores = picks.unpack(found['logProbabilities'] ?? [], rows);
      for (const [group, vector] of vectors.entries()) {
        const oracle = await oracleGroup(base, layout, vector);
        for (const [row, { tokens, start }] of (rows[group] ?? []).entries()) {
          const tape = new Tape();
          const all = oracle.tokenScores(tape, oracle.hidden(tape, tokens.slice(0, -1)), tokens.slice(1), 1);
          const weight = all.data.map((_, index) => (index >= start - 1 ? -(factors[group] ?? 0) : 0));
          tape.backward(all, weight);
          expect(worstDifference(scores[group]?.[row] ?? [], all.data.slice(start - 1))).toBeLessThan(1e-4);
        }
        const own = found['gradient']?.subarray(group * layout.length, (group + 1) * layout.length) ?? [];
        expect(worstDifference(own, oracle.gradient(0))).toBeLessThan(1e-4);
      }
    });
  });
});

/** LLaMA-2, and families that leave it in many things at once. */
const mixed: readonly (readonly [string, Architecture])[] = [
  ['LLaMA', smallShape({ tiedEmbedding: false })],
  ...familyVariants.filter(([name]) => name.startsWith('all of ')),
];

describe.each(mixed)('the preference step on %s', (_name, architecture) => {
  it('has the oracle scores and gradients with soft labels', async () => {
    await setUp(architecture, 2, async ({ base, layout, vectors, trainable }) => {
      const pairs = vectors.map((_, group) =>
        randomSequences(4, 48, [2, TIME], 70 + group).flatMap((tokens, index, all) =>
          index % 2 === 0
            ? [{ first: tokens, second: all[index + 1] ?? [], target: [0.2, 1][group] ?? 0 }]
            : [],
        ),
      );
      const batch = preferenceBatch(pairs, [1 / 2, 1 / 2], trainable, TIME);
      const { parameters } = initialState(vectors);
      const found = await gradientOf(trainable, { kind: 'preference' }, batch.feeds, parameters, TIME);
      let place = 0;
      let loss = 0;
      for (const [group, vector] of vectors.entries()) {
        const oracle = await oracleGroup(base, layout, vector);
        for (const { first, second, target } of pairs[group] ?? []) {
          const tape = new Tape();
          const [a, b] = [first, second].map((tokens) => {
            const hidden = oracle.hidden(tape, tokens);
            return { score: tape.product(hidden, oracle.head, true), last: tokens.length - 1 };
          });
          if (a === undefined || b === undefined) throw new Error('a pair has two texts');
          const [scoreA, scoreB] = [a.score.at(a.last, 0) + oracle.bias, b.score.at(b.last, 0) + oracle.bias];
          expect(found['scalars']?.[2 * place]).toBeCloseTo(scoreA, 4);
          expect(found['scalars']?.[2 * place + 1]).toBeCloseTo(scoreB, 4);
          place++;
          const difference = scoreB - scoreA;
          const probability = 1 / (1 + Math.exp(-difference));
          loss -= (target * Math.log(probability) + (1 - target) * Math.log(1 - probability)) / 2;
          b.score.gradient[b.last] = (probability - target) / 2;
          a.score.gradient[a.last] = -(probability - target) / 2;
          tape.backward(a.score, []);
        }
        const own = found['gradient']?.subarray(group * layout.length, (group + 1) * layout.length) ?? [];
        expect(worstDifference(own, oracle.gradient(0))).toBeLessThan(1e-4);
      }
      expect(found['loss']?.[0]).toBeCloseTo(loss, 5);
    });
  });
});

describe.each(mixed)('the PPO step on %s', (_name, architecture) => {
  it('has the oracle loss and gradients for a policy and its value model, clipped and masked', async () => {
    await setUp(architecture, 2, async ({ base, layout, vectors, trainable }) => {
      const temperature = 0.7;
      const sequences = randomSequences(5, 48, [6, TIME], 90);
      const [policy, value] = await Promise.all(vectors.map((vector) => oracleGroup(base, layout, vector)));
      if (policy === undefined || value === undefined) throw new Error('two groups');
      const forwards = sequences.map((tokens) => {
        const tape = new Tape();
        const scores = policy.tokenScores(
          tape,
          policy.hidden(tape, tokens.slice(0, -1)),
          tokens.slice(1),
          temperature,
        );
        const values = tape.product(value.hidden(tape, tokens.slice(0, -1)), value.head, true);
        return { tape, scores, values };
      });
      const noise = (stream: number, row: number, offset: number): number =>
        normal(7, stream, row * 100 + offset);
      const start = 3;
      const rows: PpoRow[] = sequences.map((tokens, row) => {
        const each = (of: (offset: number) => number): number[] =>
          Array.from({ length: tokens.length - start }, (_, offset) => of(offset));
        const at = (matrix: Matrix | undefined, offset: number): number =>
          matrix?.at(start - 1 + offset, 0) ?? 0;
        const forward = forwards[row];
        return {
          tokens,
          start,
          oldLogProbabilities: each((offset) => at(forward?.scores, offset) + 0.3 * noise(1, row, offset)),
          advantages: each((offset) => noise(2, row, offset)),
          oldValues: each((offset) => at(forward?.values, offset) + value.bias + 0.3 * noise(3, row, offset)),
          returns: each((offset) => noise(4, row, offset)),
          weights: each((offset) => (offset % 4 === 1 ? 0 : 1)),
        };
      });
      const total = rows.reduce(
        (sum, { weights = [] }) => sum + Array.from(weights).reduce((a, b) => a + b, 0),
        0,
      );
      const options = {
        trainable,
        state: initialState(vectors),
        optimiser: adam,
        maximumTime: TIME,
        microbatchRows: 8,
        policyClip: 0.2,
        value: { clip: 0.2, coefficient: 0.1 },
        temperature,
      };
      const { batch } = ppoBatch([rows], [1 / total], options);
      const objective = { kind: 'ppo', policyClip: 0.2, valueClip: 0.2 } as const;
      const found = await gradientOf(
        trainable,
        objective,
        batch.feeds,
        options.state.parameters,
        TIME,
        temperature,
      );

      let loss = 0;
      let biasGradient = 0;
      let clipped = 0;
      rows.forEach((row, index) => {
        const forward = forwards[index];
        if (forward === undefined) throw new Error('every row has a forward');
        Array.from(row.advantages).forEach((advantage, offset) => {
          const place = start - 1 + offset;
          const weight = (row.weights?.[offset] ?? 1) / total;
          const ratio = Math.exp(forward.scores.at(place, 0) - (row.oldLogProbabilities[offset] ?? 0));
          const bounded = Math.min(1.2, Math.max(0.8, ratio));
          const [plainLoss, boundedLoss] = [-advantage * ratio, -advantage * bounded];
          loss += weight * Math.max(plainLoss, boundedLoss);
          if (plainLoss >= boundedLoss) forward.scores.gradient[place] = -weight * advantage * ratio;
          else clipped++;
          const v = forward.values.at(place, 0) + value.bias;
          const old = row.oldValues[offset] ?? 0;
          const target = row.returns[offset] ?? 0;
          const near = Math.min(old + 0.2, Math.max(old - 0.2, v));
          loss += 0.05 * weight * Math.max((v - target) ** 2, (near - target) ** 2);
          const plainWins = (v - target) ** 2 >= (near - target) ** 2;
          const slope = plainWins ? v - target : near === v ? near - target : 0;
          forward.values.gradient[place] = 0.1 * weight * slope;
          biasGradient += 0.1 * weight * slope;
        });
        forward.tape.backward(forward.scores, []);
      });
      expect(clipped).toBeGreaterThan(3);
      expect(found['loss']?.[0]).toBeCloseTo(loss, 5);
      const part = (group: number): Float32Array =>
        found['gradient']?.subarray(group * layout.length, (group + 1) * layout.length) ?? new Float32Array();
      expect(worstDifference(part(0), policy.gradient(0))).toBeLessThan(1e-4);
      expect(worstDifference(part(1), value.gradient(biasGradient))).toBeLessThan(1e-4);
    });
  });
});
