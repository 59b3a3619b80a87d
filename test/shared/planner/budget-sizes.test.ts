/** Sizes for a time: within the budget by their own estimate, never smaller for more time, and refused by name. */
import { expect, it } from 'vitest';
import { hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { ppoParameters, PPO_DEFAULTS } from '../../../shared/api/tasks/ppo.ts';
import {
  BudgetTooSmallError,
  planSettings,
  sizesForBudget,
  type BudgetPlan,
  type SizingLook,
} from '../../../shared/planner/budget-sizes.ts';
import { stagesOf, type AligningMethod } from '../../../shared/method-stages.ts';
import { uniform } from '../../../shared/random.ts';

/** Of a chat model of 135M parameters on two cores. */
const chat: SizingLook = {
  rates: { sampled: 100, read: 500, trained: 160, secondsPerTask: 8 },
  promptTokens: 50,
  prompts: { train: 1400, dev: 200, test: 400 },
  form: 'dialogue',
  answers: { meanTokens: 44, acceptance: 0.95 },
  longestAnswer: 64,
};

function anyLook(seed: number): SizingLook {
  const draw = (counter: number) => uniform(seed, 99, counter);
  const count = (counter: number, most: number) => 2 + Math.floor(draw(counter) ** 3 * most);
  const sampled = 10 ** (1 + 3 * draw(0));
  const longestAnswer = 16 + Math.floor(draw(5) * 100);
  return {
    rates: {
      sampled,
      read: sampled * (1 + 9 * draw(1)),
      trained: sampled * (0.3 + 2 * draw(2)),
      secondsPerTask: 10 * draw(3),
    },
    promptTokens: 1 + 120 * draw(4),
    prompts: { train: count(6, 20_000), dev: count(7, 2000), test: count(8, 4000) },
    form: draw(9) < 0.5 ? 'dialogue' : 'prefix',
    answers: { meanTokens: 1 + longestAnswer * draw(10), acceptance: 0.05 + 0.95 * draw(11) },
    longestAnswer,
  };
}

/** What a budget buys. */
function sizesOf({ hyperparameters: { simulate, ppo, select, generate } }: BudgetPlan) {
  return {
    pairs: (simulate?.promptLimit ?? 0) * (simulate?.pairsPerPrompt ?? 0),
    steps: Math.max(...(ppo?.steps ?? [])),
    rollouts: ppo?.rollouts ?? 0,
    tokens: ppo?.maximumNewTokens ?? 0,
    coefficients: ppo?.klCoefficients?.length ?? 0,
    dev: select?.promptLimit ?? 0,
    test: generate?.promptLimit ?? 0,
  };
}

function planOrNull(seconds: number, look: SizingLook, method: AligningMethod = 'rlcd'): BudgetPlan | null {
  try {
    return sizesForBudget(seconds, look, method);
  } catch (error) {
    if (error instanceof BudgetTooSmallError) return null;
    throw error;
  }
}

it('is within the budget by its own estimate, and no size falls with more time', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const look = anyLook(seed);
    const method = seed % 2 === 0 ? 'rlcd' : 'rlcd-direct';
    let before: ReturnType<typeof sizesOf> | null = null;
    for (const minutes of [1, 2, 5, 10, 20, 30, 45, 60, 120, 480]) {
      const plan = planOrNull(60 * minutes, look, method);
      // What was possible in less time is so in more.
      expect(plan !== null || before === null, `seed ${seed}: ${minutes} min`).toBe(true);
      if (plan === null) continue;
      expect(plan.seconds, `seed ${seed}`).toBeLessThanOrEqual(60 * minutes);
      expect(plan, `seed ${seed}`).toEqual(planSettings(plan.hyperparameters, look, method));
      const stages = stagesOf(method).map(({ name }) => name);
      expect(new Set(Object.keys(plan.stages))).toEqual(new Set(stages));
      const sizes = sizesOf(plan);
      for (const [name, size] of Object.entries(sizes)) {
        const least = before?.[name as keyof typeof sizes] ?? 0;
        expect(size, `seed ${seed}: ${name} at ${minutes} min`).toBeGreaterThanOrEqual(least);
      }
      before = sizes;
    }
  }
});

it('asks for what the API takes, and for no prompt that is not there', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const look = anyLook(seed);
    const plan = planOrNull(1800, look);
    if (plan === null) continue;
    const { ppo, simulate, select, generate } = hyperparameters.parse(plan.hyperparameters);
    const whole = { ...PPO_DEFAULTS, ...ppo, promptForm: 'chat', responseOpening: '' };
    expect(ppoParameters.safeParse(whole).error, `seed ${seed}`).toBeUndefined();
    expect(simulate?.promptLimit).toBeLessThanOrEqual(look.prompts.train);
    expect(select?.promptLimit).toBeLessThanOrEqual(look.prompts.dev);
    expect(generate?.promptLimit).toBeLessThanOrEqual(look.prompts.test);
  }
});

it('uses most of a budget', () => {
  for (const minutes of [15, 30, 60, 120]) {
    const { seconds } = sizesForBudget(60 * minutes, chat);
    expect(seconds, `${minutes} min`).toBeGreaterThan(60 * minutes * 0.6);
  }
});

it('says what the smallest sizes take, where it is most, and how much more would do', () => {
  const refused = () => sizesForBudget(60, chat);
  expect(refused).toThrow(BudgetTooSmallError);
  expect(refused).toThrow(
    /^1 min 0 s are too few for .*48 pairs, 4 PPO steps of 32 answers.*ppo .*Give \d+ min more/,
  );
  const [, more = ''] = /Give (\d+) min more/.exec(String(catchError(refused))) ?? [];
  expect(planOrNull(60 + 60 * Number(more), chat)).not.toBeNull();
  expect(planOrNull(60 + 60 * (Number(more) - 1), chat)).toBeNull();
  // A look that took longer than the budget leaves no time to name.
  expect(() => sizesForBudget(-54, chat)).toThrow(/^No time is left for this model/);
});

function catchError(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

it('plans for the tries of answers that are refused', () => {
  const half = { ...chat, answers: { ...chat.answers, acceptance: 0.5 } };
  const settings = sizesForBudget(1800, chat).hyperparameters;
  const [all, some] = [planSettings(settings, chat), planSettings(settings, half)];
  // What the pairs are read for afterwards does not grow with the tries.
  expect(some.stages['simulate']).toBeGreaterThan(1.3 * (all.stages['simulate'] ?? Number.NaN));
  expect(some.stages['ppo']).toBe(all.stages['ppo']);
});
