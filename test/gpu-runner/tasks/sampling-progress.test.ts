/** Progress between an algorithm's batches: what is told while answers are sampled, and that it never passes the total. */
import { expect, it } from 'vitest';
import { partOf, readingProgress, samplingProgress } from '../../../gpu-runner/tasks/sampling-progress.ts';
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

it('leaves reading its part: sampling ends at it, and every batch of texts brings the rest nearer', () => {
  const { told, hooks } = recorder(() => 1);
  partOf(hooks, 0.5).progress(16, 20, 'responses');
  const known = readingProgress(hooks, 0.5, { answers: 20, texts: 40 });
  known(30);
  // Some are read twice: there is no more than all of it.
  known(30);
  expect(told).toEqual([
    [8, 20, 'responses', undefined],
    [10, 20, 'responses', 'reading the pairs'],
    [17.5, 20, 'responses', 'reading the pairs'],
    [20, 20, 'responses', 'reading the pairs'],
  ]);
});
