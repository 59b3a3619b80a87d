/** How much of an experiment a stage is: by its tokens, 1 on average, for every method. */
import { describe, expect, it } from 'vitest';
import { METHODS } from '../../../shared/api/words.ts';
import { stagesOf } from '../../../shared/method-stages.ts';
import { stageWeights } from '../../../shared/planner/stage-weights.ts';

const prompts = { train: 100, dev: 20, test: 50 };

describe('the weights of stages', () => {
  it('are their tokens at the speeds of drawing, reading and training', () => {
    const hyperparameters = {
      simulate: { maximumNewTokens: 64, promptLimit: 10, pairsPerPrompt: 1 },
      dpo: { epochs: 2 },
      generate: { maximumNewTokens: 64, promptLimit: null },
    };
    const { simulate, generate } = stageWeights({
      method: 'dpo',
      hyperparameters,
      form: 'prefix',
      prompts,
    });
    // 20 answers of 64 tokens drawn (640), their prompts of 32 read (213), and 10 pairs of two texts of 64 read behind two
    // prompts of 32 for those who look at them (1,067); 50 answers drawn (1,600), and read with their prompts (1,600).
    expect((generate ?? 0) / (simulate ?? 0)).toBeCloseTo((1600 + 4800 / 3) / (640 + 640 / 3 + 3200 / 3), 12);
  });

  it('count what each loss over the pairs reads beside its training', () => {
    const shareOf = (method: 'dpo' | 'simpo' | 'kto') => {
      const hyperparameters = { dpo: { epochs: 2 } };
      const { dpo = 0, simulate = 0 } = stageWeights({ method, hyperparameters, form: 'prefix', prompts });
      return dpo / simulate;
    };
    // Two epochs at the speed of training, and 1, 0 and 2 + 2 readings at a third of its time.
    expect(shareOf('simpo') / shareOf('dpo')).toBeCloseTo(2 / (2 + 1 / 3), 12);
    expect(shareOf('kto') / shareOf('dpo')).toBeCloseTo((2 + 4 / 3) / (2 + 1 / 3), 12);
  });

  it('of a frontier count the answers of the base and of every strength, where it is asked for', () => {
    const { generate = 0, frontier = 0 } = stageWeights({
      method: 'kto',
      hyperparameters: {
        generate: { maximumNewTokens: 64, promptLimit: null },
        frontier: { strengths: [0.5, 1, 2], promptLimit: 25, maximumNewTokens: 64 },
      },
      form: 'prefix',
      prompts,
    });
    // 50 answers of 64 tokens, each read behind its prompt of 32; 25 x 4, each prompt read once for four.
    expect(frontier / generate).toBeCloseTo((100 * 32 + (100 * 72) / 3) / (50 * 32 + (50 * 96) / 3), 12);
  });

  it.each(METHODS)(
    'of %s are 1 on average, none below 0, one for every stage that is made unasked',
    (method) => {
      const weights = stageWeights({ method, hyperparameters: {}, form: 'dialogue', prompts });
      const stages = stagesOf(method).map(({ name }) => name);
      expect(Object.keys(weights).toSorted()).toEqual(stages.toSorted());
      const values = Object.values(weights);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(1, 12);
    },
  );
});
