/** Which adapter leaves. */
import { describe, expect, test } from 'vitest';
import { chooseArtifact } from '../../../shared/export/choose-artifact.ts';

const sha = (letter: string): string => letter.repeat(64);
const tasks = [
  { stage: 'simulate', outputs: [{ name: 'pairs', sha256: sha('0') }] },
  { stage: 'train-preference-model', outputs: [{ name: 'preference-model', sha256: sha('1') }] },
  {
    stage: 'ppo',
    outputs: [
      { name: 'cell-0.1-2', sha256: sha('2') },
      { name: 'cell-0.1-3', sha256: sha('3') },
    ],
  },
  { stage: 'select', outputs: [{ name: 'adapter', sha256: sha('3') }] },
];

const whole = { tasks, status: 'succeeded' };

describe('what leaves', () => {
  test('the final policy, a stage, an artifact, or the base alone', () => {
    expect(chooseArtifact(whole)).toEqual({ stage: 'select', output: 'adapter', sha256: sha('3') });
    expect(chooseArtifact(whole, { stage: 'train-preference-model' })?.sha256).toBe(sha('1'));
    expect(chooseArtifact(whole, { artifact: sha('2') })?.output).toBe('cell-0.1-2');
    expect(chooseArtifact(whole, { stage: 'base' })).toBeNull();
    const first = { tasks: tasks.slice(0, 2), status: 'succeeded' };
    expect(chooseArtifact(first)?.output).toBe('preference-model');
  });

  test('a preference model is no policy: one that ended before its policy says what it has', () => {
    const broken = { tasks: tasks.slice(0, 2), status: 'failed' };
    expect(() => chooseArtifact(broken)).toThrow(
      /has no policy yet. It has train-preference-model preference-model 1111/,
    );
    expect(chooseArtifact(broken, { stage: 'train-preference-model' })?.sha256).toBe(sha('1'));
  });

  test.each([
    [{ stage: 'ppo' }, /made 2 adapters; name one by its hash. It has .*ppo cell-0.1-2 2222/],
    [{ stage: 'label' }, /stage label made no adapter/],
    [{ artifact: sha('0') }, /is no adapter of this experiment/],
  ])('%o is refused, naming what there is', (wanted, message) => {
    expect(() => chooseArtifact(whole, wanted)).toThrow(message);
  });

  test('an experiment that has made none says what to do', () => {
    expect(() => chooseArtifact({ tasks: tasks.slice(0, 1), status: 'running' })).toThrow(
      /Wait until it has, or ask for the stage base/,
    );
  });
});
