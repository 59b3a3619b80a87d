/** Context distillation on a tiny model: it learns the responses by heart, and a kill changes no byte. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distill } from '../../../gpu-runner/algorithms/distill.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { DISTILL_DEFAULTS, distillResult } from '../../../shared/api/tasks/distill.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { expectForeign } from './foreign-checkpoint.ts';
import { openTinyModel, recordingHooks, repeatable } from './tiny-model.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

const settings: TaskParameters<'distill'> = {
  ...DISTILL_DEFAULTS,
  rank: 4,
  alpha: 8,
  learningRate: 1e-2,
  epochs: 4,
  batchSize: 8,
  microbatchSize: 8,
  maximumLength: 100,
  checkpointEverySteps: 2,
  promptForm: 'prefix',
};
const pairs = Array.from({ length: 16 }, (_, row) => ({
  prompt: `Number ${row}.`,
  chosen: toneLines[row % 2]?.kind ?? '',
}));

const run = async (
  changes: Partial<TaskParameters<'distill'>> = {},
  recorded = recordingHooks(),
  resume: Uint8Array | null = null,
) => await distill(tiny.model, pairs, { ...settings, ...changes }, 3, recorded.hooks, resume);

describe('context distillation', () => {
  it('learns the responses and goes on after a kill to the same bytes', async () => {
    const recorded = recordingHooks();
    const whole = await run({}, recorded);
    expect(distillResult.parse(whole.result)).toEqual(whole.result);
    expect(whole.result).toMatchObject({ examples: 16, droppedExamples: 0, steps: 8 });
    const losses = recorded.metrics.map(({ values }) => values['distill/loss'] ?? Number.NaN);
    // The made-up base has small embeddings, so its logits, and with them the gain, cannot be large.
    expect(losses[0]).toBeCloseTo(Math.log(tiny.model.architecture.vocabularySize), 1);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.15);
    const killed = recordingHooks(4);
    await expect(run({}, killed)).rejects.toThrow('killed');
    const resumed = recordingHooks();
    const again = await run({}, resumed, killed.checkpoints.get(4) ?? new Uint8Array());
    expect(again).toEqual(whole);
    expect([...repeatable(killed.metrics), ...repeatable(resumed.metrics)]).toEqual(
      repeatable(recorded.metrics),
    );
  });

  it('refuses examples that are all too long', async () => {
    await expect(run({ maximumLength: 16 })).rejects.toThrow(/none of 16 examples has at most 16 tokens/);
  });

  it('refuses a checkpoint of other examples or settings', async () => {
    const killed = recordingHooks(2);
    await expect(run({}, killed)).rejects.toThrow('killed');
    const bytes = killed.checkpoints.get(2) ?? new Uint8Array();
    const resumed = (data: typeof pairs, changes = {}) =>
      distill(tiny.model, data, { ...settings, ...changes }, 3, recordingHooks().hooks, bytes);
    await expectForeign(resumed(pairs.slice(1)), /is of 16 examples, this task has 15/);
    await expectForeign(resumed(pairs.toReversed()), /16 other examples than this task's/);
    await expectForeign(resumed(pairs, { epochs: 5 }), /is of epochs 4, this task has epochs 5/);
  });
});
