/** The options of rlcd paper, the work it counts, and the pairs on which preference models are compared. */
import { describe, expect, it, vi } from 'vitest';
import { command } from '../../../../scripts/commands/paper/command.ts';
import { commandOf } from '../../../../scripts/commands/paper/command-of.ts';
import { baseJudged } from '../../../../scripts/commands/paper/judged-pairs.ts';
import { formatPlan, planCost } from '../../../../scripts/commands/paper/plan.ts';
import { PAPER_SETTINGS, type PaperOptions } from '../../../../scripts/commands/paper/settings.ts';
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
  it.each([
    [[], /'--task <name\|file>' not specified/],
    [['--task', 'harmlessness'], /--prompts is missing/],
    [['--task', 'kind-stories', '--scale', 'huge'], /--scale.*'huge'.*tiny, small, full/],
    [['--task', 'kind-stories', '--seeds', '0'], /--seeds.*'0'.*whole number from 1/],
    [['--task', 'kind-stories', '--judges', '{'], /--judges.*Give JSON/],
    [['--task', 'kind-stories', '--judges', '["people"]'], /--judges/],
    [['--what'], /--help lists the options/],
  ])('refuses %j', async (given, message) => {
    await expect(read(given)).rejects.toThrow(message);
  });
});

describe('the scales', () => {
  it.each(Object.entries(PAPER_SETTINGS))('%s asks for what the API takes', (_, settings) => {
    expect(hyperparameters.parse(settings.hyperparameters)).toEqual(settings.hyperparameters);
    expect(settings.methods).toContain('base');
  });
});

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
    const { rows, gold } = baseJudged(experiments, GOLD, 100);
    expect(gold).toBe(GOLD.name);
    expect(rows).toHaveLength(8);
    expect(rows.every(({ better, worse }) => better === 'good' && worse === 'an end')).toBe(true);
    expect(baseJudged(experiments.slice(0, 1), GOLD, 100).rows).toEqual([]);
    expect(baseJudged([...experiments.slice(0, 1), ...experiments.slice(2)], GOLD, 100).rows).toEqual([]);
    expect(baseJudged(experiments, GOLD, 3).rows).toHaveLength(3);
  });
});
