/** DPO on a tiny model: it learns which side of its pairs is better, and a kill changes no byte. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dpo } from '../../../gpu-runner/algorithms/dpo.ts';
import { DPO_DEFAULTS, dpoResult } from '../../../shared/api/tasks/dpo.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { expectForeign } from './foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, repeatable } from './tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const settings: TaskParameters<'dpo'> = {
  ...DPO_DEFAULTS,
  rank: 4,
  learningRate: 1e-2,
  beta: 0.2,
  epochs: 4,
  batchPairs: 4,
  microbatchPairs: 4,
  maximumLength: 100,
  checkpointEverySteps: 2,
  promptForm: 'prefix',
};
const pairs = toneLines.map(({ kind, mean }, row) => ({
  promptId: String(row),
  prompt: `Number ${row}.`,
  chosen: kind,
  rejected: mean,
  labelProbability: 1,
  affixPair: null,
}));

const run = async (changes = {}, recorded = recordingHooks(), resume: Uint8Array | null = null) =>
  await dpo(tiny.model, pairs, { ...settings, ...changes }, 3, recorded.hooks, resume);

describe('dpo', () => {
  it('starts at the reference, learns the preference, and goes on after a kill to the same bytes', async () => {
    const recorded = recordingHooks();
    const whole = await run({}, recorded);
    expect(dpoResult.parse(whole.result)).toEqual(whole.result);
    expect(whole.result).toMatchObject({ pairs: 8, droppedPairs: 0, steps: 8 });
    const [first] = recorded.metrics;
    // A fresh adapter is the base itself: every margin over the reference is 0.
    expect(first?.values['dpo/margin']).toBe(0);
    expect(first?.values['dpo/loss']).toBeCloseTo(Math.log(2), 6);
    expect(whole.result.accuracy).toBeGreaterThan(0.8);
    expect(whole.result.meanMargin).toBeGreaterThan(0);
    const killed = recordingHooks(4);
    await expect(run({}, killed)).rejects.toThrow('killed');
    const resumed = recordingHooks();
    expect(await run({}, resumed, killed.checkpoints.get(4) ?? new Uint8Array())).toEqual(whole);
    expect([...repeatable(killed.metrics), ...repeatable(resumed.metrics)]).toEqual(
      repeatable(recorded.metrics),
    );
  });

  it('refuses pairs that are all too long, or that prefer nothing', async () => {
    await expect(run({ maximumLength: 16 })).rejects.toThrow(/all 8 pairs have more than 16 tokens/);
    const undecided = pairs.map((pair) => Object.assign({}, pair, { labelProbability: 0.5 }));
    await expect(dpo(tiny.model, undecided, settings, 3, recordingHooks().hooks, null)).rejects.toThrow(
      /nothing to learn/,
    );
  });

  it('refuses a checkpoint of other pairs or settings', async () => {
    const killed = recordingHooks(2);
    await expect(run({}, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(2) ?? new Uint8Array();
    const resumed = (data: typeof pairs, changes = {}) =>
      dpo(tiny.model, data, { ...settings, ...changes }, 3, recordingHooks().hooks, bytes);
    await expectForeign(resumed(pairs.slice(1)), /is of 8 pairs, this task has 7/);
    await expectForeign(resumed(pairs.toReversed()), /8 other pairs than this task's/);
    await expectForeign(resumed(pairs, { epochs: 5 }), /is of epochs 4, this task has epochs 5/);
  });
});
