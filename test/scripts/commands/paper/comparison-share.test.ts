/** When a comparison ends: by the work of its tasks, each counted once, and the pace of the run that is looked at. */
import { describe, expect, it } from 'vitest';
import {
  ComparisonShare,
  weighedStages,
  type WeighedStage,
} from '../../../../scripts/commands/paper/comparison-share.ts';

const MINUTE = 60_000;

describe('the share of a comparison', () => {
  it('puts each task with the first experiment that has it, in the order in which they are begun', () => {
    const stages = weighedStages({
      methods: ['rlcd', 'dpo', 'base'],
      seeds: [3, 5],
      hyperparameters: { ppo: { steps: [2], rollouts: 8, klCoefficients: [1] } },
      prompts: { train: 10, dev: 4, test: 6 },
      promptTokens: 8,
      form: 'dialogue',
    });
    const of = (name: string) =>
      stages.filter(({ stage }) => stage === name).map(({ experiment }) => experiment);
    expect(of('simulate')).toEqual([0, 3]);
    expect(of('dpo')).toEqual([1, 4]);
    expect(of('generate-base')).toEqual([0, 3]);
    expect(stages.every(({ weight }) => weight >= 0)).toBe(true);
  });

  const stages: WeighedStage[] = [
    { experiment: 0, stage: 'a', weight: 30 },
    { experiment: 0, stage: 'b', weight: 10 },
    { experiment: 1, stage: 'b', weight: 60 },
  ];

  it('takes its end from the pace of this run: what a former one did tells nothing', () => {
    const share = new ComparisonShare(stages);
    const shares = new Map([['0 a', 1]]);
    const at = (now: number) =>
      share.at((experiment, stage) => shares.get(`${experiment} ${stage}`) ?? 0, now);
    expect(at(5 * MINUTE)).toEqual({ share: 0.3, endsAt: null });
    shares.set('0 b', 0.01);
    expect(at(6 * MINUTE)).toEqual({ share: 0.301, endsAt: null });
    shares.set('0 b', 1);
    // Ten of the seventy that were left took ten minutes.
    expect(at(15 * MINUTE)).toEqual({ share: 0.4, endsAt: 75 * MINUTE });
    shares.set('1 b', 0.5);
    expect(at(25 * MINUTE)).toEqual({ share: 0.7, endsAt: 40 * MINUTE });
    shares.set('1 b', 1);
    expect(at(40 * MINUTE)).toEqual({ share: 1, endsAt: 40 * MINUTE });
  });

  it('says nothing where nothing weighs anything', () => {
    expect(new ComparisonShare([]).at(() => 1, 0)).toBeUndefined();
  });
});
