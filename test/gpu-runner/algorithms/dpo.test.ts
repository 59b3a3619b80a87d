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

  it('simpo starts at nats a token without a reference, short of its margin, and learns', async () => {
    const recorded = recordingHooks();
    const { result } = await run({ beta: 2, loss: { kind: 'simpo', gamma: 0.5 } }, recorded);
    const [first] = recorded.metrics;
    const last = recorded.metrics.at(-1);
    // Not 0, which only the reference's own margin is.
    expect(Math.abs(first?.values['dpo/margin'] ?? 0)).toBeGreaterThan(1e-4);
    expect(Math.abs(first?.values['dpo/margin'] ?? 9)).toBeLessThan(1);
    expect(last?.values['dpo/margin']).toBeGreaterThan(first?.values['dpo/margin'] ?? 0);
    expect(result.accuracy).toBeGreaterThan(0.8);
  });

  it('kto starts where every response is worth a half, learns, and goes on after a kill to the same bytes', async () => {
    const loss = { kind: 'kto' } as const;
    const recorded = recordingHooks();
    const whole = await run({ loss }, recorded);
    const [first] = recorded.metrics;
    // A fresh adapter is the base itself: nothing has moved, z is 0, and 1 - sigmoid(0) is a half.
    expect(first?.values['dpo/margin']).toBe(0);
    expect(first?.values['dpo/loss']).toBeCloseTo(0.5, 6);
    expect(recorded.metrics.at(-1)?.values['dpo/loss']).toBeLessThan(0.48);
    expect(whole.result.accuracy).toBeGreaterThan(0.8);
    expect(whole).not.toEqual(await run());
    const killed = recordingHooks(4);
    await expect(run({ loss }, killed)).rejects.toThrow('killed');
    expect(await run({ loss }, recordingHooks(), killed.checkpoints.get(4) ?? new Uint8Array())).toEqual(
      whole,
    );
  });

  it('dlma asks more of pairs that contrast more, up to its limit, and refuses pairs without a contrast', async () => {
    const loss = { kind: 'dlma', contrastCoefficient: 0.2, contrastLimit: 40 } as const;
    const contrasted = (nats: number) =>
      pairs.map((pair) =>
        Object.assign({}, pair, { provenance: { chosen: { contrast: nats }, rejected: { contrast: nats } } }),
      );
    const firstLoss = async (nats: number, changes = {}) => {
      const recorded = recordingHooks();
      const changed = { ...settings, loss, ...changes };
      await dpo(tiny.model, contrasted(nats), changed, 3, recorded.hooks, null);
      return recorded.metrics[0]?.values['dpo/loss'];
    };
    // A fresh adapter has no margin: the loss is softplus of what is asked, 0.2 times the clipped contrast of both sides.
    const expected = (contrast: number) => Math.log1p(Math.exp(0.2 * contrast));
    expect(await firstLoss(0)).toBeCloseTo(Math.log(2), 6);
    expect(await firstLoss(3)).toBeCloseTo(expected(6), 5);
    expect(await firstLoss(-3)).toBeCloseTo(expected(-6), 5);
    expect(await firstLoss(30)).toBeCloseTo(expected(40), 5);
    expect(await firstLoss(3, { loss: { ...loss, contrastLimit: 5 } })).toBeCloseTo(expected(5), 5);
    await expect(run({ loss })).rejects.toThrow('a pair has no contrast, which dlma weighs');
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
