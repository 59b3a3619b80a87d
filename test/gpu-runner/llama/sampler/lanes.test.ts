/** Lanes of a rollout: each prompt is read once, nothing is padded, what has ended leaves, and no row's bytes know of it. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { rotaryFeeds } from '../../../../gpu-runner/llama/model/rotary-tables.ts';
import {
  constantFeeds,
  limitOf,
  type SamplingRequest,
  stepFeeds,
} from '../../../../gpu-runner/llama/sampler/request.ts';
import { Sampler } from '../../../../gpu-runner/llama/sampler/sampler.ts';
import { startFeeds } from '../../../../gpu-runner/llama/sampler/start-feeds.ts';
import { serialiseGraph } from '../../../../gpu-runner/tensor/serialise.ts';
import { type HostTensor, TensorSession } from '../../../../gpu-runner/tensor/session.ts';
import { integerBelow } from '../../../../shared/random.ts';
import { randomAdapter } from '../trainer/fixtures.ts';
import { drawnRow, endsAt, smallBase, smallRequest, smallShape } from './small-model.ts';

const base = await smallBase();
const backend = await openCpuBackend(base);
const layout = adapterLayout(smallShape, 4, 8);
const session = { threads: 1 } as const;
afterAll(() => rmSync(dirname(base.folder), { recursive: true }));

const numbers = (tensor: HostTensor | undefined): number[] => Array.from(tensor?.data ?? [], Number);

/** Prompts of 1 to 60 tokens, several rows each in any order, with limits of up to 120 tokens and ends that come early. */
function crowd(seed: number, perGroup: number, groups: number): SamplingRequest {
  const prompts = Array.from({ length: groups }, (_, group) => {
    const distinct = 1 + integerBelow(perGroup, seed, group, 0);
    return Array.from({ length: perGroup }, (_unused, row) => {
      const prompt = integerBelow(distinct, seed, group, 10 + row);
      return Int32Array.from({ length: 1 + integerBelow(60, seed, prompt, 1) }, (_token, place) =>
        integerBelow(smallShape.vocabularySize, seed, prompt, 2 + place),
      );
    });
  }).flat();
  return {
    prompts,
    rowIds: prompts.map((_, row) => 7000 + row),
    maximumNewTokens: prompts.map((_, row) => integerBelow(121, seed, row, 3)),
    seed,
    ends: endsAt([[5], [17], [40]]),
  };
}

describe('rows of any crowd', () => {
  it.each([101, 102, 103, 104, 105, 106])('draw what each draws alone, seed %i', async (seed) => {
    const groups = 1 + (seed % 3);
    const perGroup = 3 + integerBelow(8, seed, 1, 0);
    const request = crowd(seed, perGroup, groups);
    const vectors = Array.from({ length: groups }, (_, group) =>
      randomAdapter(layout, seed + group).map((value) => value * 0.1),
    );
    const joined = Float32Array.from(vectors.flatMap((vector) => [...vector]));
    const open = async (count: number, runMilliseconds?: number): Promise<Sampler> =>
      await Sampler.open({
        backend,
        session,
        adapters: { layout, groups: count },
        ...(runMilliseconds === undefined ? {} : { runMilliseconds }),
      });
    const [together, cut, alone] = [await open(groups), await open(groups, 0.001), await open(1)];
    const rollout = await together.sample(request, joined);
    expect(await cut.sample(request, joined)).toEqual(rollout);
    expect(new Set(rollout.lengths).size).toBeGreaterThan(2);
    for (let row = 0; row < request.prompts.length; row++) {
      const own = await alone.sample(
        {
          ...request,
          prompts: [request.prompts[row] ?? []],
          rowIds: [request.rowIds[row] ?? 0],
          maximumNewTokens: limitOf(request, row),
        },
        vectors[Math.floor(row / perGroup)],
      );
      expect(drawnRow(rollout, row)).toEqual(drawnRow(own, 0));
      expect(rollout.finishReasons[row]).toBe(own.finishReasons[0]);
    }
    await Promise.all([together, cut, alone].map(async (sampler) => await sampler.close()));
  });
});

describe('what the engine reads', () => {
  it('is each prompt of a group once, end to end', () => {
    const [a, b, c] = [[1, 2, 3], [4], [5, 6]];
    const request = smallRequest(6, { prompts: [a, b, a, c, c, c] });
    const feeds = startFeeds(request, smallShape, 2, 'float32');
    const pad = smallShape.padToken;
    // The second group reads its only prompt twice, as the first reads two.
    expect(numbers(feeds['tokens'])).toEqual([1, 2, 3, 4, 5, 6, 5, 6]);
    expect(feeds['laneRows']?.shape).toEqual([2, 2, 3]);
    expect(numbers(feeds['laneRows'])).toEqual([0, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 7]);
    expect(numbers(feeds['places'])).toEqual([0, 1, 2, 3, 6, 7, 9, 10]);
    expect(numbers(feeds['laneOf'])).toEqual([0, 1, 0, 2, 2, 2]);
    expect(numbers(feeds['inputLengths'])).toEqual([3, 1, 2, 2]);
    const uneven = startFeeds(smallRequest(4, { prompts: [a, a, b, b] }), smallShape, 2, 'float32');
    expect(numbers(uneven['tokens'])).toEqual([1, 2, 3, 4, pad, pad]);
  });

  it('is of rows that have not ended alone', async () => {
    const plan = backend.planRollout({ rows: 6, maximumPositions: 128 }, session);
    const model = await TensorSession.open(
      { model: serialiseGraph(plan.graph), folder: backend.folder },
      plan.session,
    );
    const limits = [1, 40, 0, 40, 1, 40];
    const request = smallRequest(6, {
      prompts: Array.from({ length: 6 }, () => [3, 9, 27]),
      maximumNewTokens: limits,
      bannedTokens: smallShape.eosTokens,
    });
    const results = await model.run({
      ...constantFeeds(request, smallShape),
      ...rotaryFeeds(smallShape, 128, 64),
      ...startFeeds(request, smallShape, 1, plan.cacheType),
      ...stepFeeds(request, 1, 0, 2),
      firstSteps: { dtype: 'int64', shape: [], data: BigInt64Array.of(1n) },
      last: { dtype: 'bool', shape: [], data: Uint8Array.of(0) },
    });
    await model.close();
    expect(numbers(results['rowOf.next'])).toEqual([1, 3, 5]);
    expect(results['keys.0.next']?.shape[0]).toBe(3);
    expect(results['tokens.next']?.shape).toEqual([1, 3]);
    expect(numbers(results['generatedLengths.next'])).toEqual([1, 2, 0, 2, 1, 2]);
  });
});
