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

describe('what leaves', () => {
  test('the final policy, a stage, an artifact, or the base alone', () => {
    expect(chooseArtifact(tasks, {})).toEqual({ stage: 'select', output: 'adapter', sha256: sha('3') });
    expect(chooseArtifact(tasks, { stage: 'train-preference-model' })?.sha256).toBe(sha('1'));
    expect(chooseArtifact(tasks, { artifact: sha('2') })?.output).toBe('cell-0.1-2');
    expect(chooseArtifact(tasks, { stage: 'base' })).toBeNull();
    expect(chooseArtifact(tasks.slice(0, 2), {})?.output).toBe('preference-model');
  });

  test.each([
    [{ stage: 'ppo' }, /made 2 adapters; name one by its hash. It has .*ppo cell-0.1-2 2222/],
    [{ stage: 'label' }, /stage label made no adapter/],
    [{ artifact: sha('0') }, /is no adapter of this experiment/],
  ])('%o is refused, naming what there is', (wanted, message) => {
    expect(() => chooseArtifact(tasks, wanted)).toThrow(message);
  });

  test('an experiment that has made none says what to do', () => {
    expect(() => chooseArtifact(tasks.slice(0, 1), {})).toThrow(
      /Wait until it has, or ask for the stage base/,
    );
  });
});
