/** Which settings tell compared experiments apart: those that both could have, not those of stages that one has not. */
import { describe, expect, it } from 'vitest';
import { lackedStages, settingsOf } from '../../../edge/dashboard/pages/compare/settings.ts';

const experimentOf = (name: string, seed: number, stages: Record<string, Record<string, unknown>>) => ({
  name,
  method: 'rlcd' as const,
  principle: { name: 'kind', version: 1 },
  promptSet: { id: 'p', name: 'prompts' },
  baseModel: { id: 'm', name: 'model' },
  simulator: null,
  seed,
  shards: 1,
  stages: Object.entries(stages).map(([stage, parameters]) => ({ name: stage, parameters })),
});

const rlcd = experimentOf('rlcd', 1, {
  simulate: { temperature: 1, plain: true },
  ppo: { steps: [2, 3], rate: 0.1 },
  generate: { temperature: 1 },
});
const other = experimentOf('other', 2, {
  simulate: { temperature: 1 },
  ppo: { steps: [2, 4], rate: 0.1 },
  generate: { temperature: 1 },
});
const base = experimentOf('base', 1, { generate: { temperature: 0.7 } });

const differing = (...experiments: (typeof rlcd)[]) =>
  settingsOf(experiments)
    .filter(({ differs }) => differs)
    .map(({ name, values }) => [name, values]);

describe('settings that differ', () => {
  it('are those of stages that both have, one that is left out included', () => {
    expect(differing(rlcd, other)).toEqual([
      ['seed', ['1', '2']],
      ['simulate: plain', ['true', undefined]],
      ['ppo: steps', ['[2,3]', '[2,4]']],
    ]);
    expect(lackedStages([rlcd, other])).toEqual([]);
  });

  it('are none of a stage that one of two has not, which is said once', () => {
    expect(differing(rlcd, base)).toEqual([['generate: temperature', ['1', '0.7']]]);
    expect(lackedStages([rlcd, base])).toEqual([{ experiment: base, stages: ['simulate', 'ppo'] }]);
  });

  it('are told of those that have the stage where a third has not', () => {
    expect(differing(rlcd, other, base)).toContainEqual(['ppo: steps', ['[2,3]', '[2,4]', undefined]]);
  });

  it('stand among all settings, each once', () => {
    const names = settingsOf([rlcd, base]).map(({ name }) => name);
    expect(names).toContain('ppo: steps');
    expect(new Set(names).size).toBe(names.length);
  });
});
