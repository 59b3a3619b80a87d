/** The options of rlcd paper, the work it counts, and the pairs on which preference models are compared. */
import { describe, expect, it, vi } from 'vitest';
import { command } from '../../../../scripts/commands/paper/command.ts';
import { commandOf } from '../../../../scripts/commands/paper/command-of.ts';
import { baseJudged, basePairs } from '../../../../scripts/commands/paper/judged-pairs.ts';
import { formatPlan, planCost } from '../../../../scripts/commands/paper/plan.ts';
import type { Materials } from '../../../../scripts/commands/paper/materials.ts';
import {
  COMPARED_METHODS,
  PAPER_SETTINGS,
  SCALES,
  type PaperOptions,
} from '../../../../scripts/commands/paper/settings.ts';
import { requireRunnable, settingsOf } from '../../../../scripts/commands/paper/settings-of.ts';
import { comparisonWork, type Comparison } from '../../../../shared/planner/work.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { parseCommand } from '../../../../shared/command-line/command.ts';
import { hyperparameters } from '../../../../shared/api/tasks/kinds.ts';
import { GOLD, syntheticEvidence } from '../../../shared/report/synthetic-evidence.ts';

const { runPaper } = vi.hoisted(() => ({
  runPaper: vi.fn<(run: { options: PaperOptions }) => Promise<void>>(),
}));
vi.mock('../../../../scripts/commands/paper/run-paper.ts', () => ({ runPaper }));

const comparison: Comparison = {
  methods: ['rlcd', 'rlaif', 'rlcd-rescore', 'context-distillation', 'base'],
  seeds: [1, 2],
  hyperparameters: {
    simulate: { maximumNewTokens: 10, promptLimit: 20 },
    'train-preference-model': { epochs: 1, heldOutPairs: 4 },
    ppo: { maximumNewTokens: 10, klCoefficients: [0.01, 0.02], steps: [1, 3], rollouts: 8, epochs: 2 },
    select: { maximumNewTokens: 10, promptLimit: 5 },
    distill: { epochs: 3 },
    generate: { maximumNewTokens: 10, promptLimit: 1000 },
  },
  prompts: { train: 100, dev: 50, test: 30 },
  promptTokens: 5,
  form: 'prefix',
};

describe('rlcd paper: options', () => {
  const read = async (given: readonly string[]) => {
    let read: PaperOptions | undefined;
    // Its own action checks what goes together, and would then begin.
    runPaper.mockImplementation(async ({ options }) => {
      read = options;
    });
    await parseCommand(command, given);
    if (read === undefined) throw new Error('the command did not begin');
    return read;
  };

  it('knows the command that the report names, and gives it back', async () => {
    const given = ['--task', 'kind-stories', '--model', 'm', '--scale', 'tiny', '--seeds', '2'];
    const options = await read([...given, '--data', 'somewhere', '--json']);
    expect(options).toMatchObject({ task: 'kind-stories', scale: 'tiny', seeds: 2, plan: false, json: true });
    expect(commandOf(options)).toBe(`npx rlcd paper ${given.join(' ')}`);
  });
  it('takes methods and pairs of people, and names them again', async () => {
    const given = ['--task', 'kind-stories', '--scale', 'cpu', '--seeds', '2'];
    const settings = '{"ppo":{"steps":[3]}}';
    const more = ['--methods', 'rlcd,base,rlcd', '--settings', settings, '--judge', 'pairs.jsonl'];
    const options = await read([...given, ...more]);
    expect(options).toMatchObject({ methods: ['rlcd', 'base'], settings: { ppo: { steps: [3] } } });
    expect(commandOf(options)).toBe(
      `npx rlcd paper ${given.join(' ')} --methods rlcd,base --settings '${settings}' --judge pairs.jsonl`,
    );
    const odd = await read([...given, '--model', "my model's", '--judge', 'people s.jsonl']);
    expect(commandOf(odd)).toContain(String.raw`--model 'my model'\''s' --scale`);
    expect(commandOf(odd)).toContain("--judge 'people s.jsonl'");
  });
  it.each([
    [[], /'--task <name\|file>' not specified/],
    [['--task', 'harmlessness'], /--prompts is missing/],
    [['--task', 'kind-stories', '--scale', 'huge'], /--scale.*'huge'.*tiny, small, cpu, full/],
    [['--task', 'kind-stories', '--seeds', '0'], /--seeds.*'0'.*whole number from 1/],
    [['--task', 'kind-stories', '--judges', '{'], /--judges.*Give JSON/],
    [['--task', 'kind-stories', '--settings', '{"ppo":{"step":[1]}}'], /--settings.*step/],
    [['--task', 'kind-stories', '--judges', '["people"]'], /--judges/],
    [
      ['--task', 'kind-stories', '--methods', 'rlcd,look'],
      /--methods.*There is no "look"; give some of rlcd,/,
    ],
    [['--what'], /--help lists the options/],
  ])('refuses %j', async (given, message) => {
    await expect(read(given)).rejects.toThrow(message);
  });
});

describe('the scales', () => {
  it.each(Object.entries(PAPER_SETTINGS))('%s asks for what the API takes', (_, settings) => {
    expect(hyperparameters.parse(settings.hyperparameters)).toEqual(settings.hyperparameters);
    expect(settings.methods).toContain('base');
    for (const [method, own] of Object.entries(settings.ofMethod ?? {})) {
      expect(hyperparameters.parse(own), method).toEqual(own);
      expect(COMPARED_METHODS).toContain(method);
    }
  });
});

describe('the settings of a comparison', () => {
  const plain = { task: 'kind-stories', model: 'bundled', seeds: 1, plan: false, json: false } as const;
  const of = (given: Partial<PaperOptions>) => settingsOf({ ...plain, scale: 'cpu', ...given });

  it('are those of the scale with what the command says over them, over what a method takes by itself, too', () => {
    const { hyperparameters: settings, ofMethod } = of({ settings: { ppo: { steps: [20] } } });
    expect(settings.ppo).toMatchObject({ steps: [20], rollouts: 64 });
    expect(ofMethod?.['rlcd-direct']?.ppo).toMatchObject({ steps: [20], klCoefficients: [0.2] });
  });

  it.each(SCALES)('%s can run every method that may be named', (scale) => {
    const methods = COMPARED_METHODS;
    expect(() => requireRunnable(of({ scale, methods, simulator: 'm' }), null)).not.toThrow();
  });

  it.each<[Partial<PaperOptions>, RegExp]>([
    [{ methods: ['delta'] }, /--methods has delta, which learns from a stronger model.*--simulator/],
    [{ methods: ['rlcd'], settings: { dpo: { beta: 1 } } }, /--settings has dpo, and none of rlcd has such/],
    [
      { methods: ['dpo', 'simpo'], settings: { dpo: { gamma: 1 } } },
      /dpo cannot have hyperparameters\/dpo\/gamma, which goes with the method simpo only/,
    ],
    [
      { settings: { ppo: { advantageEstimator: 'gae', groupSize: 1 } } },
      /grpo cannot have hyperparameters\/ppo\/advantageEstimator, which is gae/,
    ],
    [{ judge: 'pairs', judges: judgesOf(8) }, /--judges with people's judge of --judge:.*<=8.*Name fewer/],
  ])('are refused before anything is begun: %j', (given, message) => {
    expect(() => requireRunnable(of(given), null)).toThrow(message);
  });

  it('a method that weighs likelihoods takes no simulator that is served elsewhere', () => {
    const served = { kind: 'served', name: 'm', url: 'http://127.0.0.1:1/v1' } as Materials['simulator'];
    expect(() => requireRunnable(of({ methods: ['rlcd'] }), served)).not.toThrow();
    expect(() => requireRunnable(of({ methods: ['dlma'] }), served)).toThrow(/dlma weighs likelihoods/);
    expect(() => requireRunnable(of({ methods: ['filtered-rlcd'] }), served)).toThrow(/filtered-rlcd weighs/);
  });

  it('examine as many pairs as are kept for it, or as the command says', () => {
    expect(of({ settings: { examine: { pairLimit: 7 } } }).hyperparameters.examine).toEqual({ pairLimit: 7 });
  });
});

function judgesOf(count: number): NonNullable<PaperOptions['judges']> {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'classifier' as const,
    folder: `f${index}`,
    label: 'safe',
  }));
}

describe('comparisonWork', () => {
  const work = comparisonWork(comparison);
  const tasks = (stage: string) => work.filter((task) => task.stage === stage && task.seed === 1);

  it('counts work that methods share once', () => {
    // Contrast (rlcd and rescore), plain (rlaif), positive (distillation); the base's answers are everyone's.
    expect(tasks('simulate').map(({ method }) => method)).toEqual(['rlcd', 'rlaif', 'context-distillation']);
    expect(tasks('label').map(({ method }) => method)).toEqual(['rlaif', 'rlcd-rescore']);
    expect(tasks('ppo')).toHaveLength(3);
    expect(tasks('generate-base')).toHaveLength(1);
    expect(work.some(({ method }) => method === 'base')).toBe(false);
    expect(work.filter(({ seed }) => seed === 2)).toHaveLength(work.filter(({ seed }) => seed === 1).length);
  });

  it('counts tokens as by hand', () => {
    const one = (stage: string, method: string) => tasks(stage).find((task) => task.method === method);
    // Both prompts of every pair, and for those who look at pairs both answers behind each of two prompts, which is read once.
    const read = 20 * 2 * 5 + 20 * 2 * (5 + 2 * 10);
    expect(one('simulate', 'rlcd')).toMatchObject({ sampled: 20 * 2 * 10, read, trained: 0 });
    expect(one('simulate', 'context-distillation')).toMatchObject({ sampled: 20 * 10 });
    expect(one('train-preference-model', 'rlcd')).toMatchObject({ trained: 16 * 25, read: 4 * 25 });
    // 2 coefficients, 3 steps, 8 rollouts; 2 epochs of policy and value model.
    expect(one('ppo', 'rlcd')).toMatchObject({ sampled: 48 * 10, trained: 48 * 15 * 2 * 2 });
    expect(one('select', 'rlcd')).toMatchObject({ sampled: 4 * 5 * 10 });
    expect(one('distill', 'context-distillation')).toMatchObject({ trained: 20 * 3 * 15 });
    // The limit is above the test split.
    expect(one('generate', 'rlcd')).toMatchObject({ sampled: 30 * 10, read: 30 * 15 });
  });

  it('counts what a method takes over the others, and what it asks for by itself', () => {
    const methods = ['rlcd', 'rloo', 'grpo', 'filtered-rlcd'] as const;
    const ofMethod = { grpo: { ppo: { steps: [1] } } };
    const counted = comparisonWork({ ...comparison, seeds: [1], methods, ofMethod });
    const one = (stage: string, method: string) =>
      counted.find((task) => task.stage === stage && task.method === method);
    // No value model, four answers to each prompt, which is read once for them; one step in place of three.
    expect(one('ppo', 'rloo')).toMatchObject({ trained: 48 * (10 + 5 / 4) * 2 });
    expect(one('ppo', 'grpo')).toMatchObject({ trained: 16 * (10 + 5 / 4) * 2 });
    expect(counted.filter(({ stage }) => stage === 'simulate').map(({ method }) => method)).toEqual([
      'rlcd',
      'filtered-rlcd',
    ]);
    expect(counted.filter(({ stage }) => stage === 'train-preference-model')).toHaveLength(2);
    // What asks for the same settings in other words is the same work.
    const asked = { ppo: { advantageEstimator: 'rloo' as const, groupSize: 4 } };
    const equal = comparisonWork({ ...comparison, seeds: [1], methods, ofMethod: { rlcd: asked } });
    expect(equal.filter(({ stage }) => stage === 'ppo').map(({ method }) => method)).toEqual([
      'rlcd',
      'grpo',
      'filtered-rlcd',
    ]);
    const losses = comparisonWork({ ...comparison, seeds: [1], methods: ['dpo', 'dlma', 'simpo', 'kto'] });
    expect(losses.filter(({ stage }) => stage === 'dpo')).toHaveLength(4);
    expect(losses.filter(({ stage }) => stage === 'generate')).toHaveLength(4);
  });

  it('counts what preference models read of both answers, whose prompt they have once', () => {
    const judges = ['sentiment', { kind: 'preference-model', artifact: '0'.repeat(64) }] as const;
    const judge = { judges: [...judges] };
    const { hyperparameters: given } = comparison;
    const question = { judges: [{ kind: 'likelihood' as const, question: 'helpful' as const }] };
    const asking = comparisonWork({
      ...comparison,
      seeds: [1],
      hyperparameters: { ...given, judge: question },
    });
    // The question, in both orders.
    expect(asking.find(({ stage }) => stage === 'judge')?.read).toBe(30 * 2 * (120 + 25));
    const counted = comparisonWork({ ...comparison, seeds: [1], hyperparameters: { ...given, judge } });
    const verdicts = counted.filter(({ stage }) => stage === 'judge');
    expect(verdicts.map(({ read }) => read)).toEqual([30 * 25, 30 * 25, 30 * 25, 30 * 25]);
  });

  it('counts a frontier for every adapter where one is asked for, and methods of different losses apart', () => {
    const frontiers = comparisonWork({
      ...comparison,
      methods: ['rlcd', 'dpo', 'dlma', 'simpo', 'kto', 'best-of-n', 'base'],
      seeds: [1],
      hyperparameters: {
        ...comparison.hyperparameters,
        frontier: { strengths: [1, 2], maximumNewTokens: 10 },
      },
    });
    const of = (stage: string) => frontiers.filter((task) => task.stage === stage);
    expect(of('frontier').map(({ method }) => method)).toEqual(['rlcd', 'dpo', 'dlma', 'simpo', 'kto']);
    expect(of('dpo').map(({ method }) => method)).toEqual(['dpo', 'dlma', 'simpo', 'kto']);
    // The contrast of dlma's pairs is measured.
    expect(of('simulate').map(({ method }) => method)).toEqual(['rlcd', 'dlma']);
    // Base and two strengths answer 30 prompts, each of which is read once for the three.
    expect(of('frontier')[0]).toMatchObject({ sampled: 90 * 10, read: 90 * 10 + 30 * 5, trained: 0 });
    expect(work.some(({ stage }) => stage === 'frontier')).toBe(false);
  });

  it('counts a trajectory for every run of PPO where one is asked for: each cell on the dev prompts', () => {
    const given = comparisonWork({
      ...comparison,
      methods: ['rlcd', 'dpo'],
      seeds: [1],
      hyperparameters: {
        ...comparison.hyperparameters,
        ppo: { klCoefficients: [0.1, 0.2], steps: [1, 2] },
        trajectory: { promptLimit: 7, maximumNewTokens: 10 },
      },
    }).filter(({ stage }) => stage === 'trajectory');
    // Base and four cells answer 7 prompts, each of which is read once for the five.
    expect(given).toMatchObject([{ method: 'rlcd', sampled: 35 * 10, read: 35 * 10 + 7 * 5, trained: 0 }]);
  });

  it('makes a plan of it at given rates', () => {
    const rates = { sampled: 100, read: 1000, trained: 10, secondsPerTask: 2, measuredSeconds: 1 };
    const plan = planCost('npm run paper', comparison, rates, { shape: namedShapes.m3 });
    const expected = work.reduce(
      (sum, task) => sum + task.sampled / 100 + task.read / 1000 + task.trained / 10 + 2,
      0,
    );
    expect(plan.total.seconds).toBeCloseTo(expected, 9);
    expect(plan.total.tasks).toBe(work.length);
    expect(plan.memoryBytes).toBeGreaterThan(300e6);
    expect(formatPlan(plan)).toContain('Rates measured on this machine just now');
  });
});

describe('baseJudged', () => {
  it("pairs the base's responses of neighbouring seeds, and leaves out what the judge finds equal", () => {
    const bases = syntheticEvidence([1, 2, 3], 4).filter(({ method }) => method === 'base');
    const texts = ['good', 'an end', 'good'];
    const experiments = bases.map((base, index) =>
      Object.assign({}, base, {
        completions: base.completions.map((row) =>
          Object.assign({}, row, { completion: texts[index] ?? '' }),
        ),
      }),
    );
    const { rows, gold } = baseJudged(basePairs(experiments, 100), GOLD);
    expect(gold).toBe(GOLD.name);
    expect(rows).toHaveLength(8);
    expect(rows.every(({ better, worse }) => better === 'good' && worse === 'an end')).toBe(true);
    expect(basePairs(experiments.slice(0, 1), 100)).toEqual([]);
    const apart = [...experiments.slice(0, 1), ...experiments.slice(2)];
    expect(baseJudged(basePairs(apart, 100), GOLD).rows).toEqual([]);
    expect(basePairs(experiments, 3)).toHaveLength(3);
  });
});
