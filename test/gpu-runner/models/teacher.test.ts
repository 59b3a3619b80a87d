/** The teacher's parts: a vocabulary cut down, distributions drawn systematically, and rows kept in a file. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendRows, PARTS, readRows } from '../../../gpu-runner/models/pretrain/distilled-rows.ts';
import {
  type BytePairTokenizer,
  bytePairTokenizer,
  pruneTokenizer,
} from '../../../gpu-runner/models/pretrain/prune-tokenizer.ts';
import { sameRun } from '../../../gpu-runner/models/pretrain/run-record.ts';
import { stageLine } from '../../../gpu-runner/models/pretrain/stage-line.ts';
import { systematicShares } from '../../../gpu-runner/models/pretrain/teacher-distributions.ts';
import { normal, uniform } from '../../../shared/random.ts';
import { byteCharacters } from '../../fixtures/byte-tokenizer.ts';

const seed = Number(process.env['RLCD_TEST_SEED'] ?? Math.floor(Date.now() % 1_000_000));

describe(`shares of a distribution (RLCD_TEST_SEED=${seed})`, () => {
  const logits = Float32Array.from({ length: 300 }, (_, token) => 2.5 * normal(seed, 1, token));
  const weights = Array.from(logits, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const probability = (token: number): number => (weights[token] ?? 0) / total;

  it('are within one part of the probability, and add up to one', () => {
    for (let draw = 0; draw < 50; draw++) {
      const { tokens, shares } = systematicShares(logits, uniform(seed, 2, draw));
      expect(Array.from(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      const found = new Map(Array.from(tokens, (token, index) => [token, shares[index] ?? 0]));
      logits.forEach((_, token) => {
        expect(Math.abs((found.get(token) ?? 0) - probability(token))).toBeLessThan(1 / PARTS);
      });
    }
  });

  it('are the probability on average over the draw', () => {
    const sums = new Float64Array(logits.length);
    const draws = 4000;
    for (let draw = 0; draw < draws; draw++) {
      const { tokens, shares } = systematicShares(logits, (draw + 0.5) / draws);
      Array.from(tokens).forEach((token, index) => {
        sums[token] = (sums[token] ?? 0) + (shares[index] ?? 0);
      });
    }
    sums.forEach((sum, token) => {
      expect(Math.abs(sum / draws - probability(token))).toBeLessThan(2 / (draws * PARTS) + 1e-9);
    });
  });
});

describe('a cut tokenizer', () => {
  const merges = [
    ['t', 'h'],
    ['th', 'e'],
    ['\u0120', 'the'],
    ['a', 't'],
    ['c', 'at'],
    ['\u0120', 'cat'],
    ['s', 'e'],
    ['a', 's'],
  ] as const;
  const words = merges.map(([first, second]) => first + second);
  const whole: BytePairTokenizer = bytePairTokenizer.parse({
    added_tokens: [
      { id: 0, content: '<|end|>', special: true },
      { id: 1, content: '<|other|>', special: true },
    ],
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(
        ['<|end|>', '<|other|>', ...byteCharacters().slice(0, 250), ...words].map((text, id) => [text, id]),
      ),
      merges: merges.map(([first, second]) => `${first} ${second}`),
    },
  });
  const id = (text: string): number => whole.model.vocab[text] ?? -1;
  // "\u0120cat" needs at and cat besides; no room is left for what is said less often.
  const counts = new Map([
    [id('\u0120the'), 9],
    [id('\u0120cat'), 5],
    [id('se'), 3],
    [id('as'), 2],
  ]);

  it('keeps the most frequent tokens with all that they are merged from, the special ones named, and every byte', () => {
    const { tokenizer, oldTokens } = pruneTokenizer(whole, counts, ['<|end|>'], 256 + 1 + 6);
    const inOrder = Object.entries(tokenizer.model.vocab).toSorted(([, one], [, other]) => one - other);
    const kept = inOrder.map(([text]) => text);
    expect(new Set(kept)).toEqual(
      new Set(['<|end|>', ...byteCharacters(), 'th', 'the', '\u0120the', 'at', 'cat', '\u0120cat']),
    );
    expect(inOrder.map(([, token]) => token)).toEqual(kept.map((_, place) => place));
    expect(oldTokens).toEqual(kept.map((text) => whole.model.vocab[text] ?? null));
    expect(oldTokens.filter((token) => token === null).length).toBe(6);
    expect(tokenizer.model.merges).toEqual(merges.slice(0, 6));
    expect(tokenizer.added_tokens).toEqual([{ id: 0, content: '<|end|>', special: true }]);
  });

  it('is refused of a tokenizer without a special token that is asked for', () => {
    expect(() => pruneTokenizer(whole, counts, ['<|end|>', '<|begin|>'], 300)).toThrow(
      'a teacher needs the token <|begin|> in its vocabulary',
    );
  });

  it('is refused a size that the bytes do not fit into', () => {
    expect(() => pruneTokenizer(whole, counts, ['<|end|>'], 256)).toThrow('no room for 257 bytes');
  });
});

describe('rows in a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rlcd-rows-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const rows = Array.from({ length: 5 }, (_, row) => ({
    tokens: Int32Array.from({ length: 4 + row }, (__, place) => 7 * place + row),
    start: 1 + (row % 3),
    distributions: Array.from({ length: 3 + row - (row % 3) }, (__, place) => ({
      tokens: Array.from({ length: 1 + (place % 3) }, (___, index) => 100 * index + place),
      shares: [[1], [0.25, 0.75], [0.5, 0.25, 0.25]][place % 3] ?? [],
    })),
  }));
  const plain = (all: Awaited<ReturnType<typeof readRows>>): unknown =>
    all.map(({ tokens, start, distributions }) => ({
      tokens: Array.from(tokens),
      start,
      distributions: distributions.map((one) => [Array.from(one.tokens), Array.from(one.shares)]),
    }));

  it('come back as they were, and what a stopped run left of one more is cut off', async () => {
    const file = path.join(folder, 'rows.bin');
    expect(await readRows(file)).toEqual([]);
    await appendRows(file, rows.slice(0, 3));
    await appendRows(file, rows.slice(3));
    expect(plain(await readRows(file))).toEqual(plain(rows));
    const whole = await readFile(file);
    await appendFile(file, whole.subarray(0, 30));
    expect(plain(await readRows(file))).toEqual(plain(rows));
    expect(await readFile(file)).toEqual(whole);
    await appendRows(file, rows.slice(0, 1));
    expect((await readRows(file)).length).toBe(6);
  });
});

describe('a work folder', () => {
  it('takes the run that it was begun with, and names what differs of another', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-work-'));
    try {
      await sameRun(folder, { seed: 1, steps: 20 });
      await sameRun(folder, { seed: 1, steps: 20 });
      await expect(sameRun(folder, { seed: 1, steps: 30 })).rejects.toThrow('steps 20, not 30');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('lines of a stage', () => {
  it('come for every fiftieth part and at the end, with the end by the clock', () => {
    const lines: string[] = [];
    const line = stageLine('teacher tells', (text) => lines.push(text));
    for (let done = 1; done <= 200; done++) line(done, 200, 1.5, 300);
    expect(lines.length).toBe(50);
    expect(lines[0]).toMatch(
      /^teacher tells: 4 of 200, 1\.5000 nats per token, 300 tokens\/s, ends (?:\w{3} )?\d\d:\d\d$/,
    );
    expect(lines.at(-1)).toBe('teacher tells: 200 of 200, 1.5000 nats per token, 300 tokens/s');
  });
});
