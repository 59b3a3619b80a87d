/** Draws over a large vocabulary against the same draw in float64, which sorts everything. */
import { describe, expect, it } from 'vitest';
import { drawToken } from '../../../../gpu-runner/llama/model/rollout/draw-token.ts';
import type { HostTensor } from '../../../../gpu-runner/tensor/session.ts';
import { Draws, numbers, runOnce, testSeed } from '../../tensor/engine.ts';

const VOCABULARY = 12_000;
const ROWS = 4;
const NEVER = -1e30;

interface Cut {
  readonly topK?: number;
  readonly topP?: number;
  readonly banned?: readonly number[];
}

const float32 = (shape: readonly number[], values: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const flag = (value: boolean): HostTensor => ({
  dtype: 'bool',
  shape: [],
  data: Uint8Array.of(Number(value)),
});

async function draw(
  logits: readonly number[],
  uniform: readonly number[],
  { topK, topP = 1, banned = [] }: Cut,
) {
  const out = await runOnce(
    (graph) => {
      const { token, probability } = drawToken(
        graph.input('logits', 'float32', ['rows', VOCABULARY]),
        graph.input('uniform', 'float32', ['rows']),
        {
          banning: graph.input('banning', 'bool', []),
          banned: graph.input('banned', 'float32', [VOCABULARY]),
          cut: graph.input('cut', 'bool', []),
          topK: graph.input('topK', 'int64', [1]),
          topP: graph.input('topP', 'float32', []),
        },
      );
      return { token, probability };
    },
    {
      logits: float32([ROWS, VOCABULARY], logits),
      uniform: float32([ROWS], uniform),
      banning: flag(banned.length > 0),
      banned: float32(
        [VOCABULARY],
        Array.from({ length: VOCABULARY }, (_, token) => (banned.includes(token) ? NEVER : 0)),
      ),
      cut: flag(topK !== undefined || topP < 1),
      topK: { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(topK ?? VOCABULARY)) },
      topP: float32([], [topP]),
    },
  );
  return { tokens: numbers(out['token']), probabilities: numbers(out['probability']) };
}

/** What is kept of a row, likeliest first, and its probabilities: float64. */
function kept(logits: readonly number[], { topK = VOCABULARY, topP = 1, banned = [] }: Cut) {
  const exps = logits.map((logit, token) => (banned.includes(token) ? 0 : Math.exp(logit)));
  const total = exps.reduce((sum, value) => sum + value, 0);
  const ranked = exps
    .map((value, token) => ({ token, probability: value / total }))
    .toSorted((a, b) => b.probability - a.probability || a.token - b.token)
    .slice(0, topK);
  const nucleus: typeof ranked = [];
  let mass = 0;
  for (const one of ranked) {
    if (mass >= topP) break;
    nucleus.push(one);
    mass += one.probability;
  }
  return nucleus.map(({ token, probability }) => ({ token, probability: probability / mass }));
}

/** The number in [0, 1) in the middle of what draws the given place. */
function middleOf(row: ReturnType<typeof kept>, place: number): number {
  const before = row.slice(0, place).reduce((sum, { probability }) => sum + probability, 0);
  return before + (row[place]?.probability ?? Number.NaN) / 2;
}

describe(`a draw from ${VOCABULARY} tokens, seed ${testSeed}`, () => {
  const draws = new Draws(testSeed);
  // The spread decides how many tokens hold nine tenths: some hundred, some thousand, nearly all.
  const logitsOf = (spread: number) =>
    Array.from({ length: ROWS * VOCABULARY }, () => spread * draws.normal());
  const rowOf = (logits: readonly number[], row: number) =>
    logits.slice(row * VOCABULARY, (row + 1) * VOCABULARY);

  it.each([
    { spread: 4.5, name: 'within the first 512', least: 1, most: 511 },
    { spread: 2.5, name: 'within the first 8,192', least: 513, most: 8191 },
    { spread: 0.3, name: 'beyond them', least: 8193, most: VOCABULARY },
  ])('is that of the sorted vocabulary where the nucleus is $name', async ({ spread, least, most }) => {
    const logits = logitsOf(spread);
    const rows = Array.from({ length: ROWS }, (_, row) => kept(rowOf(logits, row), { topP: 0.9 }));
    for (const { length } of rows) {
      expect(length).toBeGreaterThanOrEqual(least);
      expect(length).toBeLessThanOrEqual(most);
    }
    for (const share of [0, 0.1, 0.4]) {
      const places = rows.map(({ length }) => Math.floor(share * length));
      const drawn = await draw(
        logits,
        rows.map((row, index) => middleOf(row, places[index] ?? 0)),
        { topP: 0.9 },
      );
      for (const [row, nucleus] of rows.entries()) {
        const place = places[row] ?? 0;
        const wanted = nucleus[place];
        // Rounding of the sums in fp32 may take the neighbour, which is as likely but for the fifth digit.
        expect(Math.abs(nucleus.findIndex(({ token }) => token === drawn.tokens[row]) - place)).toBeLessThan(
          2,
        );
        expect(drawn.probabilities[row]).toBeCloseTo(wanted?.probability ?? Number.NaN, 4);
      }
    }
    const last = await draw(logits, [0.9999, 0.9999, 0.9999, 0.9999], { topP: 0.9 });
    for (const [row, nucleus] of rows.entries()) {
      expect(nucleus.some(({ token }) => token === last.tokens[row])).toBe(true);
    }
  });

  it('keeps the k likeliest, on both sides of what is sorted first', async () => {
    const logits = logitsOf(1);
    for (const topK of [3, 512, 513, 9000]) {
      const rows = Array.from({ length: ROWS }, (_, row) => kept(rowOf(logits, row), { topK }));
      const drawn = await draw(logits, [0, 0.3, 0.7, 0.9999], { topK });
      for (const [row, nucleus] of rows.entries()) {
        const found = nucleus.find(({ token }) => token === drawn.tokens[row]);
        expect(found).toBeDefined();
        expect(drawn.probabilities[row]).toBeCloseTo(found?.probability ?? Number.NaN, 5);
      }
    }
  });

  it('never takes a banned token, sorted or not', async () => {
    const logits = logitsOf(3);
    const likeliest = Array.from({ length: ROWS }, (_, row) => kept(rowOf(logits, row), {}).slice(0, 20));
    const banned = likeliest.flat().map(({ token }) => token);
    for (const cut of [{ banned }, { banned, topP: 0.5 }, { banned, topK: 40 }]) {
      const rows = Array.from({ length: ROWS }, (_, row) => kept(rowOf(logits, row), cut));
      for (const uniform of [0, 0.25, 0.5, 0.999]) {
        const drawn = await draw(logits, [uniform, uniform, uniform, uniform], cut);
        for (const [row, nucleus] of rows.entries()) {
          const found = nucleus.find(({ token }) => token === drawn.tokens[row]);
          expect(found).toBeDefined();
          expect(drawn.probabilities[row]).toBeCloseTo(found?.probability ?? Number.NaN, 4);
        }
      }
    }
  });
});
