/** The sampler: equal tokens however rows are batched, the right distribution, limits, stops, restrictions, adapters. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { SamplingRequestError } from '../../../../gpu-runner/llama/sampler/request.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { normal } from '../../../../shared/random.ts';
import { drawnRow, rowTokens, smallBase, endsAt, smallRequest, smallShape } from './small-model.ts';

let base: BaseFile;
let sampler: Sampler;
let tokenPass: ForwardPass;
let logitPass: ForwardPass;
const layoutOf = () => adapterLayout(smallShape, 4, 8);
const session = { threads: 2 };

beforeAll(async () => {
  base = await smallBase();
  sampler = await Sampler.open({ backend: await openCpuBackend(base), session });
  const trainable = {
    kind: 'adapters',
    backend: await openCpuBackend(base),
    layout: layoutOf(),
    groups: 1,
  } as const;
  const options = { trainable, maximumTime: 256, microbatchRows: 8, session };
  tokenPass = await ForwardPass.open({ ...options, scoring: 'tokens' });
  logitPass = await ForwardPass.open({ ...options, scoring: 'logits' });
});

afterAll(async () => {
  await sampler.close();
  await tokenPass.close();
  await logitPass.close();
});

/** The exact next-token distribution after a prompt, from the training graph, in float64. */
async function distribution(prompt: ArrayLike<number>, temperature = 1): Promise<number[]> {
  const [[logits] = []] = await logitPass.nextLogits(new Float32Array(layoutOf().length), [[prompt]]);
  const scaled = Array.from(logits ?? [], (logit) => logit / temperature);
  const top = Math.max(...scaled);
  const weights = scaled.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Pearson's statistic with rare tokens pooled, and its degrees of freedom. */
function chiSquare(
  counts: readonly number[],
  probabilities: readonly number[],
): { statistic: number; freedom: number } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let freedom = -1;
  let pooledCount = 0;
  let pooledExpected = 0;
  probabilities.forEach((probability, token) => {
    const expected = probability * total;
    if (expected < 5) {
      pooledCount += counts[token] ?? 0;
      pooledExpected += expected;
      return;
    }
    statistic += ((counts[token] ?? 0) - expected) ** 2 / expected;
    freedom++;
  });
  if (pooledExpected > 0) {
    statistic += (pooledCount - pooledExpected) ** 2 / pooledExpected;
    freedom++;
  }
  return { statistic, freedom };
}

describe('what a row draws', () => {
  it('does not depend on the batch or on the order of rows, log-probabilities included', async () => {
    const request = smallRequest(32);
    const batch = await sampler.sample(request);
    const order = request.prompts.map((_, row) => (row * 13 + 5) % 32);
    const shuffled = await sampler.sample({
      ...request,
      prompts: order.map((row) => request.prompts[row] ?? []),
      rowIds: order.map((row) => request.rowIds[row] ?? -1),
    });
    order.forEach((row, place) => expect(drawnRow(shuffled, place)).toEqual(drawnRow(batch, row)));
    for (const rows of [1, 2, 5]) {
      for (let first = 0; first + rows <= 32; first += rows) {
        const few = await sampler.sample({
          ...request,
          prompts: request.prompts.slice(first, first + rows),
          rowIds: request.rowIds.slice(first, first + rows),
        });
        for (let row = 0; row < rows; row++) expect(drawnRow(few, row)).toEqual(drawnRow(batch, first + row));
      }
    }
  });

  it('is the same bytes in two processes', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'rlcd-two-processes-'));
    const script = new URL('print-rollout.ts', import.meta.url).pathname;
    const run = promisify(execFile);
    const first = await run(process.execPath, [script, path.join(folder, 'one')]);
    const second = await run(process.execPath, [script, path.join(folder, 'two')]);
    expect(first.stdout.length).toBeGreaterThan(100);
    expect(second.stdout).toBe(first.stdout);
  });

  it('changes with the seed and with the row id', async () => {
    const request = smallRequest(2);
    const first = await sampler.sample(request);
    const reseeded = await sampler.sample({ ...request, seed: 12 });
    const renamed = await sampler.sample({ ...request, rowIds: [1, 2] });
    expect(rowTokens(reseeded, 0)).not.toEqual(rowTokens(first, 0));
    expect(rowTokens(renamed, 0)).not.toEqual(rowTokens(first, 0));
  });

  it('follows the exact softmax (chi-square, two temperatures)', async () => {
    const prompt = [1, 20, 33];
    for (const temperature of [1, 0.05]) {
      const counts = Array.from({ length: smallShape.vocabularySize }, () => 0);
      const rows = 2000;
      const rollout = await sampler.sample({
        prompts: Array.from({ length: rows }, () => prompt),
        rowIds: Array.from({ length: rows }, (_, row) => row),
        maximumNewTokens: 1,
        temperature,
        seed: 77,
      });
      for (const token of rollout.tokens) counts[token] = (counts[token] ?? 0) + 1;
      const { statistic, freedom } = chiSquare(counts, await distribution(prompt, temperature));
      // Mean freedom, variance 2 freedom: five deviations.
      expect(freedom).toBeGreaterThan(20);
      expect(statistic).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom));
    }
  });
});

describe('log-probabilities', () => {
  it('agree with the training graph over whole rollouts, however many engine runs they take', async () => {
    const request = smallRequest(6, { maximumNewTokens: 150 });
    const rollout = await sampler.sample(request);
    const rows = request.prompts.map((prompt, row) => ({
      tokens: [...Array.from(prompt), ...rowTokens(rollout, row)],
      start: prompt.length,
    }));
    const { logProbabilities } = await tokenPass.score(new Float32Array(layoutOf().length), [rows]);
    const gaps = rows.flatMap((_, row) =>
      Array.from({ length: rollout.lengths[row] ?? 0 }, (_unused, step) =>
        Math.abs(
          (logProbabilities[0]?.[row]?.[step] ?? NaN) -
            (rollout.logProbabilities[row * rollout.width + step] ?? NaN),
        ),
      ),
    );
    expect(gaps.length).toBeGreaterThan(200);
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeLessThan(0.002);
  });
});

describe('limits and stops', () => {
  it('gives each row its own limit and pads behind it', async () => {
    const limits = [1, 0, 9, 33];
    const rollout = await sampler.sample(
      smallRequest(4, { maximumNewTokens: limits, bannedTokens: smallShape.eosTokens }),
    );
    expect(Array.from(rollout.lengths)).toEqual(limits);
    expect(rollout.finishReasons).toEqual(['length', 'length', 'length', 'length']);
    expect(Array.from(rollout.tokens.slice(rollout.width + 0, 2 * rollout.width))).toEqual(
      Array.from({ length: 33 }, () => smallShape.padToken),
    );
    expect(Array.from(rollout.logProbabilities.slice(1, rollout.width)).every((value) => value === 0)).toBe(
      true,
    );
  });

  it('ends a row at a stop sequence, kept, and at no other place', async () => {
    const free = await sampler.sample(smallRequest(8, { bannedTokens: smallShape.eosTokens }));
    const tokens = rowTokens(free, 3);
    const sequence = tokens.slice(6, 9);
    const stopped = await sampler.sample(
      smallRequest(8, {
        bannedTokens: smallShape.eosTokens,
        ends: endsAt([sequence, [smallShape.padToken, 5, 6, 7]]),
      }),
    );
    const text = (row: readonly number[]): string => row.join(' ');
    for (let row = 0; row < 8; row++) {
      const whole = rowTokens(free, row);
      const at = whole.findIndex((_, place) => text(whole.slice(place, place + 3)) === text(sequence));
      const expected = at < 0 ? whole : whole.slice(0, at + 3);
      expect(rowTokens(stopped, row)).toEqual(expected);
      expect(stopped.finishReasons[row]).toBe(at < 0 ? 'length' : 'stop');
    }
    expect(stopped.finishReasons[3]).toBe('stop');
  });

  it('ends at an end token', async () => {
    const rollout = await sampler.sample(smallRequest(32, { maximumNewTokens: 100 }));
    const ended = rollout.finishReasons.flatMap((reason, row) => (reason === 'stop' ? [row] : []));
    expect(ended.length).toBeGreaterThan(0);
    for (const row of ended) expect(smallShape.eosTokens).toContain(rowTokens(rollout, row).at(-1));
  });

  it('ends between two runs of the engine when a cancel comes; runs cut anywhere give the same bytes', async () => {
    const fresh = await Sampler.open({
      backend: await openCpuBackend(base),
      session,
      runMilliseconds: 0.001,
    });
    try {
      const controller = new AbortController();
      const seen: number[] = [];
      const rows = 3;
      const request = {
        prompts: Array.from({ length: rows }, () => [1, 5]),
        rowIds: Array.from({ length: rows }, (_, row) => row),
        maximumNewTokens: 250,
        bannedTokens: smallShape.eosTokens,
        seed: 1,
      };
      const sampling = fresh.sample(request, undefined, {
        signal: controller.signal,
        onProgress: ({ steps }) => {
          seen.push(steps);
          controller.abort(new Error('cancelled by the test'));
        },
      });
      await expect(sampling).rejects.toThrow('cancelled by the test');
      expect(seen.length).toBe(1);
      expect(seen[0]).toBeLessThan(250);
      const cut = await fresh.sample(request, undefined, { onProgress: ({ steps }) => seen.push(steps) });
      expect(seen.length).toBeGreaterThan(5);
      expect(cut).toEqual(await sampler.sample(request));
    } finally {
      await fresh.close();
    }
  });
});

describe('restrictions', () => {
  const prompt = [1, 9, 77, 4];
  const many = (changes: object) =>
    sampler.sample({
      prompts: Array.from({ length: 600 }, () => prompt),
      rowIds: Array.from({ length: 600 }, (_, row) => row),
      maximumNewTokens: 1,
      seed: 5,
      temperature: 0.3,
      ...changes,
    });

  it('keeps the top k, renormalised', async () => {
    const probabilities = await distribution(prompt, 0.3);
    const ranked = probabilities
      .map((_, token) => token)
      .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0));
    const kept = new Set(ranked.slice(0, 5));
    const mass = [...kept].reduce((sum, token) => sum + (probabilities[token] ?? 0), 0);
    const rollout = await many({ topK: 5 });
    rollout.tokens.forEach((token, row) => {
      expect(kept.has(token)).toBe(true);
      expect(rollout.logProbabilities[row]).toBeCloseTo(Math.log((probabilities[token] ?? 0) / mass), 3);
    });
    expect(new Set(rollout.tokens).size).toBe(5);
    const [best = -1] = ranked;
    expect(new Set((await many({ topK: 1 })).tokens)).toEqual(new Set([best]));
  });

  it('keeps the smallest set that reaches top p', async () => {
    const probabilities = await distribution(prompt, 0.3);
    const ranked = probabilities
      .map((_, token) => token)
      .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0));
    const kept = new Set<number>();
    let mass = 0;
    for (const token of ranked) {
      if (mass >= 0.4) break;
      kept.add(token);
      mass += probabilities[token] ?? 0;
    }
    const rollout = await many({ topP: 0.4 });
    for (const token of rollout.tokens) expect(kept.has(token)).toBe(true);
    expect(new Set(rollout.tokens).size).toBeGreaterThan(1);
  });

  it('never draws banned tokens', async () => {
    const bannedTokens = Array.from({ length: smallShape.vocabularySize }, (_, token) => token).filter(
      (token) => token % 10 !== 3,
    );
    const rollout = await many({ bannedTokens, temperature: 1 });
    for (const token of rollout.tokens) expect(token % 10).toBe(3);
    expect(new Set(rollout.tokens).size).toBe(16);
  });

  it('refuses what does not fit, by field', async () => {
    const refused = async (changes: object, field: RegExp) => {
      const sampling = sampler.sample({ ...smallRequest(2), ...changes });
      await expect(sampling).rejects.toThrow(SamplingRequestError);
      await expect(sampling).rejects.toThrow(field);
    };
    await refused({ temperature: 0 }, /temperature/);
    await refused({ topK: 0 }, /topK/);
    await refused({ topP: 1.5 }, /topP/);
    await refused({ prompts: [[1], []] }, /prompts\[1\]/);
    await refused({ prompts: [[1], [160]] }, /prompts\[1\]\[0\]/);
    await refused({ rowIds: [1] }, /rowIds/);
    await refused({ ends: { states: 3, next: new Uint8Array(160) } }, /ends/);
    await refused({ maximumNewTokens: 300 }, /300/);
    const long = Array.from({ length: 200 }, () => 1);
    await refused({ prompts: [long, [1]], maximumNewTokens: [56, 100] }, /maximumNewTokens lets one row/);
  });
});

describe('adapters', () => {
  it('samples several groups side by side as each alone; zeros are the base', async () => {
    const layout = layoutOf();
    const changed = initialAdapter(layout, 4, 9).map((value, index) => value + 0.03 * normal(4, 10, index));
    const two = await Sampler.open({
      backend: await openCpuBackend(base),
      session,
      adapters: { layout, groups: 2 },
    });
    const one = await Sampler.open({
      backend: await openCpuBackend(base),
      session,
      adapters: { layout, groups: 1 },
    });
    try {
      const request = smallRequest(8);
      const parameters = new Float32Array(2 * layout.length);
      parameters.set(changed, layout.length);
      const both = await two.sample(request, parameters);
      const half = (from: number) => ({
        ...request,
        prompts: request.prompts.slice(from, from + 4),
        rowIds: request.rowIds.slice(from, from + 4),
      });
      const plain = await sampler.sample(half(0));
      const alone = await one.sample(half(4), changed);
      const unchanged = await sampler.sample(half(4));
      for (let row = 0; row < 4; row++) {
        expect(rowTokens(both, row)).toEqual(rowTokens(plain, row));
        expect(rowTokens(both, 4 + row)).toEqual(rowTokens(alone, row));
      }
      expect(rowTokens(alone, 0)).not.toEqual(rowTokens(unchanged, 0));
    } finally {
      await two.close();
      await one.close();
    }
  });
});
