/** Rows dealt to several sessions: the same rollout as in one, to the byte. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { splitRows } from '../../../../gpu-runner/llama/sampler/replica-rows.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { randomAdapter } from '../trainer/fixtures.ts';
import { endsAt, smallBase, smallRequest } from './small-model.ts';

let base: BaseFile;
beforeAll(async () => {
  base = await smallBase();
});
afterAll(() => rmSync(dirname(base.folder), { recursive: true }));

describe('the rows of a request', () => {
  it('are all dealt once, every group alike, prompts with their limits and streams', () => {
    for (const [perGroup, groups, count, expected] of [
      [7, 3, 2, 2],
      [40, 1, 2, 2],
      [64, 1, 4, 4],
      [15, 1, 4, 4],
      [1, 5, 2, 1],
      [12, 2, 2, 2],
      [3, 16, 8, 3],
    ] as const) {
      const rows = perGroup * groups;
      const limits = Array.from({ length: rows }, (_, row) => 3 + row);
      const request = smallRequest(rows, { maximumNewTokens: limits });
      const parts = splitRows(request, groups, count);
      expect(parts).toHaveLength(expected);
      expect(parts.flatMap((part) => part.rows).toSorted((a, b) => a - b)).toEqual([...limits.keys()]);
      for (const part of parts) {
        expect(part.rows.length % groups).toBe(0);
        expect(part.request.rowIds).toEqual(part.rows.map((row) => request.rowIds[row]));
        expect(part.request.prompts).toEqual(part.rows.map((row) => request.prompts[row]));
        expect(part.request.maximumNewTokens).toEqual(part.rows.map((row) => limits[row]));
        const perPart = part.rows.length / groups;
        part.rows.forEach((row, place) =>
          expect(Math.floor(row / perGroup)).toBe(Math.floor(place / perPart)),
        );
      }
    }
  });
});

describe('a sampler of two sessions', () => {
  it('draws the bytes of one session, alone and with adapters in groups', async () => {
    const layout = adapterLayout(base.architecture, 4, 8);
    const vectors = new Float32Array(2 * layout.length);
    vectors.set(randomAdapter(layout, 7).map((value) => value * 0.1));
    for (const [rows, adapters, parameters] of [
      [41, undefined, undefined],
      [32, undefined, undefined],
      [9, undefined, undefined],
      [34, { layout, groups: 2 }, vectors],
    ] as const) {
      const request = smallRequest(rows, { ends: endsAt([[5]]) });
      const rollouts = [];
      for (const expected of [1, rows]) {
        const own = adapters === undefined ? {} : { adapters };
        const sampler = await Sampler.open({
          backend: await openCpuBackend(base),
          ...own,
          rows: expected,
          session: { threads: 2 },
        });
        rollouts.push(await sampler.sample(request, parameters));
        await sampler.close();
      }
      const [one, two] = rollouts;
      expect(new Set(one?.lengths).size).toBeGreaterThan(1);
      expect(two).toEqual(one);
    }
  });

  it('ends when a cancel comes, and answers again afterwards', async () => {
    const sampler = await Sampler.open({
      backend: await openCpuBackend(base),
      rows: 32,
      runMilliseconds: 0.001,
      session: { threads: 2 },
    });
    const request = smallRequest(32, { maximumNewTokens: 100, bannedTokens: base.architecture.eosTokens });
    const cancel = new AbortController();
    const seen: number[] = [];
    const cancelled = sampler.sample(request, undefined, {
      signal: cancel.signal,
      onProgress: ({ steps }) => {
        seen.push(steps);
        if (steps > 0) cancel.abort(new Error('enough'));
      },
    });
    await expect(cancelled).rejects.toThrow('enough');
    expect(Math.max(...seen)).toBeLessThan(100);
    const rollout = await sampler.sample(smallRequest(32));
    expect(rollout.lengths.every((length) => length > 0)).toBe(true);
    await sampler.close();
  });
});
