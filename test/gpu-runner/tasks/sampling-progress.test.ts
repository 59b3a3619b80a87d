/** Progress between an algorithm's batches: what is told while answers are sampled, and that it never passes the total. */
import { expect, it } from 'vitest';
import { samplingProgress } from '../../../gpu-runner/tasks/sampling-progress.ts';
import { recordingHooks } from '../algorithms/tiny-model.ts';

const drawn = (share: number) => ({ answers: 8, share, tokens: Math.round(64 * share), ofAtMost: 64 });

function recorder(worth: (answers: number) => number) {
  const told: [number, number, string, string | undefined][] = [];
  const { hooks } = recordingHooks();
  const progress = (done: number, total: number, unit: string, message?: string) =>
    void told.push([done, total, unit, message]);
  return { told, ...samplingProgress({ ...hooks, progress }, worth) };
}

it('moves within a batch, from where the algorithm stands', () => {
  const { told, hooks, onDrawn } = recorder((answers) => answers);
  onDrawn(drawn(0.5));
  expect(told).toEqual([]);
  hooks.progress(16, 32, 'responses');
  onDrawn(drawn(0.25));
  onDrawn(drawn(0.5));
  hooks.progress(20, 32, 'responses');
  onDrawn(drawn(0.25));
  expect(told).toEqual([
    [16, 32, 'responses', undefined],
    [18, 32, 'responses', '16 of at most 64 tokens of 8 answers'],
    [20, 32, 'responses', '32 of at most 64 tokens of 8 answers'],
    [20, 32, 'responses', undefined],
    [22, 32, 'responses', '16 of at most 64 tokens of 8 answers'],
  ]);
});

it('counts what answers are worth to the task, at most all of it', () => {
  const { told, hooks, onDrawn } = recorder(() => 0.5);
  hooks.progress(1, 2, 'steps');
  onDrawn(drawn(0.5));
  hooks.progress(1.75, 2, 'steps');
  onDrawn(drawn(1));
  expect(told.map(([done]) => done)).toEqual([1, 1.25, 1.75, 2]);
});
