/** The over-optimisation alarm inside a PPO run: what it records, and that it stops nothing unless told to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateGroups } from '../../../../gpu-runner/algorithms/generation.ts';
import { sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { openTinyModel, recordingHooks } from '../tiny-model.ts';
import type { ScoredText } from '../../../../gpu-runner/algorithms/ppo/reward-model.ts';
import { tinyRun } from './tiny-run.ts';

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
beforeAll(async () => {
  tiny = await openTinyModel();
});
afterAll(() => tiny.close());

describe('the alarm of a PPO run', () => {
  it('raises its alarm on a policy that has fallen for one word, goes on unless told to stop, and writes the reason down', async () => {
    const alarming = async (stopOnAlarm: boolean) => {
      // Three steps of a policy like its reference, then one that says a single word at length and is praised for it.
      let step = 0;
      const generate: GenerateGroups = async (_, groups) => {
        step += 1;
        const length = step <= 3 ? 6 : 12;
        return groups.map((requests) =>
          requests.map(({ promptTokens }, row) => ({
            sequence: sequenceOf(
              promptTokens,
              Array.from({ length }, (_unused, token) => (step <= 3 ? 300 + row + token : 300)),
            ),
            logProbabilities: new Float32Array(length).fill(step <= 3 ? -5 : -0.1),
            referenceLogProbabilities: new Float32Array(length).fill(-5),
          })),
        );
      };
      const reward = {
        score: async (texts: readonly ScoredText[]) =>
          Float64Array.from(texts, (_, row) => Math.sin(row) + (step <= 3 ? 0 : 9)),
        close: async () => {},
      };
      const changes = {
        klCoefficients: [0],
        steps: [5, 7],
        minibatchSize: 8,
        epochs: 1,
        samplePrompts: 0,
        maximumMismatch: 100,
        stopOnAlarm,
      };
      return await tinyRun(tiny.model, changes, recordingHooks(), null, { generate, reward });
    };
    const free = await alarming(false);
    const [alarm] = free.result.alarms;
    expect(alarm).toMatchObject({
      chosenSteps: 2,
      raised: { step: 5, signals: expect.arrayContaining(['kl', 'reward', 'length', 'repetition']) },
    });
    expect(free.result.cells.map(({ earlyStop }) => earlyStop)).toEqual([null, null]);
    expect(free.cells.get('0/7')).not.toEqual(free.cells.get('0/5'));
    const raised = free.recorded.metrics.flatMap(({ values }) => values['alarm/raised'] ?? []);
    expect(raised).toEqual([0, 0, 0, 0, 1, 1, 1]);
    const stopped = await alarming(true);
    expect(stopped.result.alarms).toEqual(free.result.alarms);
    const reason = { step: 5, code: 'over-optimisation', message: alarm?.raised?.message };
    expect(stopped.result.cells.map(({ earlyStop }) => earlyStop)).toEqual([reason, reason]);
    expect(stopped.cells.get('0/7')).toEqual(stopped.cells.get('0/5'));
  });
});
