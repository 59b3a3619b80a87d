/** What the methods' tables say: every stage's parameters fit its kind, and equal work has an equal key. */
import { describe, expect, it } from 'vitest';
import { METHOD_STAGES, stagesOf, type Method } from '../../../shared/method-stages.ts';
import { resolveParameters } from '../../../edge/domain/parameters.ts';
import type { ExperimentState } from '../../../edge/domain/experiment.ts';
import { nextStep } from '../../../edge/domain/plan.ts';
import { taskKey, type TaskPrinciple, type TaskSpecification } from '../../../edge/domain/task-key.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { placementIn, type Placement } from '../../../shared/principles/placement.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { METHODS } from '../../../shared/api/words.ts';

const PROMPTS = { sha256: '2'.repeat(64), bytes: 3 };
const MODEL = '3'.repeat(64);
const principleOf = (affix: string, instruction = 'Choose.'): TaskPrinciple => ({
  name: 'p',
  version: 1,
  form: 'dialogue',
  responseOpening: '',
  affixPairs: [{ positive: `(${affix})`, negative: '(bad)', scoringInstruction: instruction }],
});

interface Given {
  readonly hyperparameters?: Hyperparameters;
  readonly principle?: TaskPrinciple & { readonly placement?: Placement };
  readonly judgeModels?: ReadonlyMap<string, number>;
  readonly baseModel?: TaskSpecification['baseModel'];
  readonly simulator?: TaskSpecification['baseModel'];
  readonly form?: PromptForm;
}

const BASE_MODEL = {
  name: 'm',
  source: 's',
  weightsSha256: '1'.repeat(64),
  contextLength: 512,
  configuration: {},
};

/** Parameters of every stage of a method, by its name. */
function parametersOf(
  method: Method,
  {
    hyperparameters = {},
    principle = principleOf('good'),
    judgeModels = new Map(),
    baseModel = BASE_MODEL,
    simulator = baseModel,
    form,
  }: Given = {},
) {
  return new Map(
    METHOD_STAGES[method].map((rule) => {
      const parsed = resolveParameters(
        rule,
        principle,
        { ...(rule.bySimulator ? simulator : baseModel), form },
        hyperparameters,
        judgeModels,
      );
      if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
      return [rule.name, parsed.parameters];
    }),
  );
}

/** Every task that the planner makes of a method, each succeeding at once with an output named after its key. */
function planned(method: Method, given: Given = {}): Map<string, TaskSpecification> {
  const parameters = parametersOf(method, given);
  let state: ExperimentState = {
    id: 'e',
    method,
    seed: 1,
    shards: 1,
    principle: given.principle ?? principleOf('good'),
    baseModel: given.baseModel ?? BASE_MODEL,
    simulator: given.simulator ?? given.baseModel ?? BASE_MODEL,
    stages: METHOD_STAGES[method].map(({ name, split }) => ({
      id: name,
      name,
      status: 'waiting',
      parameters: parameters.get(name) ?? {},
      prompts: split === undefined ? null : PROMPTS,
      tasks: [],
    })),
  };
  const made = new Map<string, TaskSpecification>();
  for (let step = nextStep(state); step; step = nextStep(state)) {
    const { stage } = step;
    if (step.kind === 'fail') throw new Error(step.reason);
    const tasks =
      step.kind === 'begin'
        ? step.tasks.map((task) => {
            made.set(stage.name, task);
            const sha256 = taskKey(task, 'v');
            const outputs = [
              'pairs',
              'preference-model',
              'cell-1-1',
              'adapter',
              'completions',
              'comparisons',
            ];
            return {
              id: stage.name,
              status: 'succeeded' as const,
              failure: null,
              outputs: outputs.map((name) => ({ name, sha256, bytes: 1 })),
            };
          })
        : stage.tasks;
    const status = step.kind === 'begin' ? ('running' as const) : ('succeeded' as const);
    const next = { ...stage, status, tasks };
    state = Object.assign({}, state, {
      stages: state.stages.map((one) => (one.id === stage.id ? next : one)),
    });
  }
  expect(state.stages.every(({ status }) => status === 'succeeded')).toBe(true);
  return made;
}

const keyOf = (method: Method, stage: string, given: Given = {}) => {
  const task = planned(method, given).get(stage);
  if (task === undefined) throw new Error(`${method} has no stage ${stage}`);
  return taskKey(task, 'v');
};

describe('the methods', () => {
  it.each(METHODS)('%s is planned to its end with the defaults', (method) => {
    expect([...planned(method).keys()].sort()).toEqual(METHOD_STAGES[method].map(({ name }) => name).sort());
  });

  it('do equal work once: contrast pairs, hard-label preference model, base completions', () => {
    const pairs = keyOf('rlcd', 'simulate');
    for (const method of ['rlcd-rescore', 'best-of-n', 'dpo', 'simpo', 'kto'] as const) {
      expect(keyOf(method, 'simulate')).toBe(pairs);
    }
    expect(keyOf('rlaif', 'simulate')).not.toBe(pairs);
    expect(keyOf('context-distillation', 'simulate')).not.toBe(pairs);
    const model = keyOf('rlcd', 'train-preference-model');
    expect(keyOf('best-of-n', 'train-preference-model')).toBe(model);
    expect(keyOf('rlcd-rescore', 'train-preference-model')).not.toBe(model);
    const base = keyOf('base', 'generate');
    for (const method of ['rlcd', 'rlaif', 'dpo', 'best-of-n'] as const) {
      expect(keyOf(method, 'generate-base')).toBe(base);
    }
  });

  it('simulate and label with the simulator where one is named, and do everything else with the base model', () => {
    const simulator = { ...BASE_MODEL, name: 'large', weightsSha256: '9'.repeat(64) };
    for (const method of METHODS) {
      for (const [stage, { kind, baseModel }] of planned(method, { simulator })) {
        // The weaker answers of delta are those of the model that is aligned.
        const isWeaker = method === 'delta' && stage === 'simulate';
        const simulates = (kind === 'simulate' && !isWeaker) || kind === 'label';
        expect(baseModel.name, `${method} ${stage}`).toBe(simulates ? 'large' : 'm');
      }
    }
    expect(keyOf('rlcd', 'simulate', { simulator })).not.toBe(keyOf('rlcd', 'simulate'));
    expect(keyOf('rlcd', 'generate-base', { simulator })).toBe(keyOf('rlcd', 'generate-base'));
    // The key of the time before there were simulators: an old request finds its work.
    expect(keyOf('rlcd', 'simulate')).toBe(
      'dab88c357dde9e3afcddebbbba8825801e0b6b38b7ebb8d8bfed7b8a04de7d43',
    );
  });

  it('ask a model with a chat template through it, each stage by its own model; stories never', () => {
    const chat = { ...BASE_MODEL, configuration: { chatTemplate: true } };
    const formsOf = (given: Given) =>
      Object.fromEntries(
        [...planned('rlcd', given)].map(([name, { parameters }]) => [name, parameters['promptForm']]),
      );
    expect(new Set(Object.values(formsOf({ baseModel: chat })))).toEqual(new Set(['chat']));
    expect(formsOf({ simulator: chat })).toMatchObject({
      simulate: 'chat',
      ppo: 'dialogue',
      judge: 'dialogue',
    });
    expect(formsOf({ baseModel: chat, simulator: BASE_MODEL })).toMatchObject({
      simulate: 'dialogue',
      ppo: 'chat',
    });
    expect(new Set(Object.values(formsOf({ baseModel: chat, form: 'dialogue' })))).toEqual(
      new Set(['dialogue']),
    );
    expect(keyOf('rlcd', 'simulate', { baseModel: chat, form: 'dialogue' })).not.toBe(
      keyOf('rlcd', 'simulate', { baseModel: chat }),
    );
    expect(keyOf('rlcd', 'simulate', { baseModel: chat, form: 'chat' })).toBe(
      keyOf('rlcd', 'simulate', { baseModel: chat }),
    );
    const story = { ...principleOf('good'), form: 'prefix' as const };
    expect(new Set(Object.values(formsOf({ baseModel: chat, principle: story })))).toEqual(
      new Set(['prefix']),
    );
  });

  it('put affixes in a chat where the principle says, and say so where affixes are used alone', () => {
    const chat = { ...BASE_MODEL, configuration: { chatTemplate: true } };
    const placementsOf = (
      method: Method,
      baseModel: TaskSpecification['baseModel'],
      placement?: Placement,
    ) => {
      const principle = { ...principleOf('good'), ...(placement && { placement }) };
      const stages = [...parametersOf(method, { baseModel, principle })];
      return stages.flatMap(([stage, parameters]) =>
        'placement' in parameters ? [`${stage} ${String(parameters['placement'])}`] : [],
      );
    };
    expect(placementsOf('rlcd', chat, 'system')).toEqual(['simulate system', 'train-scorer system']);
    expect(placementsOf('rlcd', chat)).toEqual([
      `simulate ${placementIn('chat', undefined)}`,
      `train-scorer ${placementIn('chat', undefined)}`,
    ]);
    expect(placementsOf('rlaif', chat, 'user')).toEqual(['train-scorer user']);
    expect(placementsOf('rlcd', BASE_MODEL, 'label')).toEqual([]);
    const colon = { baseModel: chat, principle: principleOf('kind: polite') };
    expect(() => parametersOf('rlcd', colon)).toThrow(/kind: polite.* holds a colon/);
    expect(() => placementsOf('rlcd', BASE_MODEL, 'answer')).toThrow(/placement answer goes with .*template/);
    const keyWith = (placement: Placement) =>
      keyOf('rlcd', 'simulate', { baseModel: chat, principle: { ...principleOf('good'), placement } });
    expect(keyWith('label')).not.toBe(keyWith('answer'));
  });

  it('read of the principle what they use: another instruction labels anew and simulates nothing anew', () => {
    const reworded = { principle: principleOf('good', 'Prefer.') };
    expect(keyOf('rlcd-rescore', 'simulate', reworded)).toBe(keyOf('rlcd-rescore', 'simulate'));
    expect(keyOf('rlcd-rescore', 'label', reworded)).not.toBe(keyOf('rlcd-rescore', 'label'));
    expect(keyOf('rlcd', 'simulate', { principle: principleOf('kind') })).not.toBe(keyOf('rlcd', 'simulate'));
    expect(keyOf('rlaif', 'simulate', { principle: principleOf('kind') })).toBe(keyOf('rlaif', 'simulate'));
    expect(planned('rlaif').get('simulate')?.principle).toBeNull();
  });

  it('RLAIF takes two positive samples where that is asked for, and needs the affixes then', () => {
    const given: Given = { hyperparameters: { simulate: { samplesFrom: 'positive' } } };
    const task = planned('rlaif', given).get('simulate');
    expect(task?.parameters).toMatchObject({ sides: 'two-positive' });
    expect(task?.parameters).not.toHaveProperty('samplesFrom');
    expect(task?.principle?.affixPairs).toEqual([{ positive: '(good)', negative: '(bad)' }]);
    expect(keyOf('rlaif', 'simulate', given)).not.toBe(keyOf('rlaif', 'simulate'));
  });

  it('leave out weak contrasts where that is asked for and there are some: other tasks are those they were', () => {
    const given: Given = { hyperparameters: { simulate: { leastContrast: 2 } } };
    expect(planned('rlcd', given).get('simulate')?.parameters).toMatchObject({ leastContrast: 2 });
    expect(planned('rlcd').get('simulate')?.parameters).not.toHaveProperty('leastContrast');
    expect(keyOf('rlcd', 'simulate', given)).not.toBe(keyOf('rlcd', 'simulate'));
    expect(keyOf('context-distillation', 'simulate', given)).toBe(keyOf('context-distillation', 'simulate'));
  });

  it('turn labels round where that is asked for: other tasks are those they were', () => {
    const given: Given = { hyperparameters: { 'train-preference-model': { flippedShare: 0.2 } } };
    const stage = 'train-preference-model';
    expect(planned('rlcd', given).get(stage)?.parameters).toMatchObject({ flippedShare: 0.2 });
    const none: Given = { hyperparameters: { 'train-preference-model': { flippedShare: 0 } } };
    expect(planned('rlcd', none).get(stage)?.parameters).not.toHaveProperty('flippedShare');
    expect(keyOf('rlcd', stage, none)).toBe(keyOf('rlcd', stage));
  });

  it('filtered-rlcd, rloo and grpo ask for what they are named after; what the experiment says stands over it', () => {
    const filtered: Given = { hyperparameters: { simulate: { leastContrast: 0 } } };
    expect(keyOf('filtered-rlcd', 'simulate')).toBe(keyOf('rlcd', 'simulate', filtered));
    expect(keyOf('filtered-rlcd', 'simulate')).not.toBe(keyOf('rlcd', 'simulate'));
    const stricter: Given = { hyperparameters: { simulate: { leastContrast: 2 } } };
    expect(keyOf('filtered-rlcd', 'simulate', stricter)).toBe(keyOf('rlcd', 'simulate', stricter));
    for (const method of ['rloo', 'grpo'] as const) {
      const asked = { advantageEstimator: method, groupSize: 4 };
      expect(planned(method).get('ppo')?.parameters).toMatchObject(asked);
      expect(keyOf(method, 'ppo')).toBe(keyOf('rlcd', 'ppo', { hyperparameters: { ppo: asked } }));
      expect(keyOf(method, 'train-preference-model')).toBe(keyOf('rlcd', 'train-preference-model'));
      const wider: Given = { hyperparameters: { ppo: { groupSize: 8 } } };
      expect(planned(method, wider).get('ppo')?.parameters).toMatchObject({ ...asked, groupSize: 8 });
    }
    expect(planned('rlcd').get('ppo')?.parameters).toMatchObject({ advantageEstimator: 'gae', groupSize: 1 });
  });

  it('dlma, simpo and kto differ from dpo by their loss, and dlma has the contrast of its pairs measured', () => {
    expect(planned('dpo').get('dpo')?.parameters).not.toHaveProperty('loss');
    expect(planned('dlma').get('dpo')?.parameters).toMatchObject({
      beta: 0.1,
      loss: { kind: 'dlma', contrastCoefficient: 0.2, contrastLimit: 40 },
    });
    expect(planned('dlma').get('simulate')?.parameters).toMatchObject({ leastContrast: null });
    expect(planned('simpo').get('dpo')?.parameters).toMatchObject({
      beta: 2,
      loss: { kind: 'simpo', gamma: 0.5 },
    });
    const filtered: Given = { hyperparameters: { simulate: { leastContrast: 2 } } };
    expect(keyOf('dlma', 'simulate', filtered)).toBe(keyOf('rlcd', 'simulate', filtered));
    const given: Given = { hyperparameters: { dpo: { beta: 3, gamma: 1 } } };
    expect(planned('kto').get('dpo')?.parameters).toMatchObject({ beta: 0.1, loss: { kind: 'kto' } });
    expect(planned('simpo', given).get('dpo')?.parameters).toMatchObject({ beta: 3, loss: { gamma: 1 } });
  });

  it('rlcd-direct takes its reward from the affixes: PPO and the choice read them, and their place in a chat', () => {
    for (const stage of ['ppo', 'select']) {
      const direct = planned('rlcd-direct').get(stage);
      expect(direct?.principle?.affixPairs).toEqual([{ positive: '(good)', negative: '(bad)' }]);
      expect(direct?.inputs.map(({ name }) => name)).not.toContain('preference-model');
      expect(planned('rlcd').get(stage)?.principle).toBeNull();
      const chat: Given = { baseModel: { ...BASE_MODEL, configuration: { chatTemplate: true } } };
      expect(planned('rlcd-direct', chat).get(stage)?.parameters).toMatchObject({ placement: 'label' });
      // Other tasks are those they were.
      expect(planned('rlcd', chat).get(stage)?.parameters).not.toHaveProperty('placement');
    }
    expect([...planned('rlcd-direct').keys()]).not.toContain('simulate');
  });

  it('leave prompts their room in a small context where nobody said how long an answer is; what was said stays', () => {
    const small = { ...BASE_MODEL, contextLength: 256 };
    const lengths = (given: Given) =>
      METHODS.flatMap((method) =>
        [...parametersOf(method, given).values()].flatMap(({ maximumNewTokens }) => maximumNewTokens ?? []),
      );
    expect(new Set(lengths({ baseModel: small }))).toEqual(new Set([128]));
    expect(new Set(lengths({ baseModel: { ...BASE_MODEL, contextLength: 400 } }))).toEqual(new Set([208]));
    expect(new Set(lengths({ baseModel: BASE_MODEL }))).toEqual(new Set([300]));
    const said = parametersOf('rlcd', {
      baseModel: small,
      hyperparameters: { simulate: { maximumNewTokens: 200 } },
    });
    expect(said.get('simulate')).toMatchObject({ maximumNewTokens: 200 });
    expect(said.get('ppo')).toMatchObject({ maximumNewTokens: 128 });
  });

  it('best of n answers as the base does, several times', () => {
    const given: Given = {
      hyperparameters: { generate: { promptLimit: 7, topP: 0.8 }, 'best-of-n': { candidates: 5 } },
    };
    expect(parametersOf('best-of-n', given).get('best-of-n')).toMatchObject({
      promptLimit: 7,
      topP: 0.8,
      candidates: 5,
    });
  });

  it('a preference model of human pairs reads the train split and no simulation', () => {
    const task = planned('human-preference-model').get('train-preference-model');
    expect(task).toMatchObject({ inputs: [], prompts: PROMPTS, parameters: { humanShare: 1 } });
  });

  it('have a frontier where its settings ask for one, with the adapter and the models of the judges, and else not', () => {
    const given: Given = {
      hyperparameters: {
        judge: { judges: ['sentiment', { kind: 'preference-model', artifact: MODEL }] },
        frontier: { strengths: [0.5, 2] },
      },
      judgeModels: new Map([[MODEL, 99]]),
    };
    const adapting = METHODS.filter((method) =>
      METHOD_STAGES[method].some(({ inputs }) => inputs.some(({ output }) => output === 'adapter')),
    );
    expect(adapting).toHaveLength(13);
    for (const method of METHODS) {
      const asked = stagesOf(method, given).map(({ name }) => name);
      expect(asked.includes('frontier'), method).toBe(adapting.includes(method));
      expect(stagesOf(method).map(({ name }) => name)).toEqual(
        METHOD_STAGES[method]
          .map(({ name }) => name)
          .filter((name) => !/frontier|trajectory|scorer/.test(name)),
      );
      if (!adapting.includes(method)) continue;
      const task = planned(method, given).get('frontier');
      expect(task?.inputs.map(({ name }) => name)).toEqual(['adapter', `judge-${MODEL}`]);
      expect(task).toMatchObject({ prompts: PROMPTS, principle: null });
      expect(task?.parameters).toMatchObject({
        strengths: [0.5, 2],
        topP: 1,
        promptLimit: 100,
        judges: ['sentiment', { kind: 'preference-model', artifact: { sha256: MODEL, bytes: 99 } }],
      });
    }
    // Other tasks are those they were.
    expect(keyOf('dpo', 'judge', given)).toBe(
      keyOf('dpo', 'judge', { ...given, hyperparameters: { judge: given.hyperparameters?.judge } }),
    );
  });

  it('have a trajectory where its settings ask for one, with every cell and the models of the judges, and else not', () => {
    const given: Given = {
      hyperparameters: {
        judge: { judges: [{ kind: 'preference-model', artifact: MODEL }] },
        trajectory: { promptLimit: 5 },
      },
      judgeModels: new Map([[MODEL, 99]]),
    };
    for (const method of METHODS) {
      const rewarded = METHOD_STAGES[method].some(({ kind }) => kind === 'ppo');
      expect(
        stagesOf(method, given).some(({ name }) => name === 'trajectory'),
        method,
      ).toBe(rewarded);
      if (!rewarded) continue;
      const task = planned(method, given).get('trajectory');
      const cells = planned(method, given)
        .get('select')
        ?.inputs.filter(({ name }) => name.startsWith('cell-'));
      expect(cells?.length).toBeGreaterThan(0);
      expect(task?.inputs.slice(0, -1)).toEqual(cells);
      expect(task?.inputs.at(-1)).toMatchObject({ name: `judge-${MODEL}`, sha256: MODEL });
      expect(task?.parameters).toMatchObject({ promptLimit: 5, topP: 1 });
      expect(keyOf(method, 'select', given)).toBe(
        keyOf(method, 'select', { ...given, hyperparameters: { judge: given.hyperparameters?.judge } }),
      );
    }
  });

  it('a preference model that judges becomes an input of the judge', () => {
    const given: Given = {
      hyperparameters: { judge: { judges: ['sentiment', { kind: 'preference-model', artifact: MODEL }] } },
      judgeModels: new Map([[MODEL, 99]]),
    };
    const task = planned('dpo', given).get('judge');
    expect(task?.inputs.map(({ name }) => name)).toEqual([
      'completions-0000',
      'base-completions-0000',
      `judge-${MODEL}`,
    ]);
    expect(task?.inputs.at(-1)).toMatchObject({ sha256: MODEL, bytes: 99 });
  });

  it('an exam reads the test split, its judges are those of the settings of judge, and its models are inputs', () => {
    const judges = [
      { kind: 'likelihood' as const, question: 'helpful' as const },
      { kind: 'preference-model' as const, artifact: MODEL },
    ];
    const given: Given = {
      hyperparameters: { judge: { judges }, examine: { pairLimit: 40 } },
      judgeModels: new Map([[MODEL, 99]]),
    };
    const task = planned('examine-judges', given).get('examine');
    expect(task).toMatchObject({
      kind: 'examine',
      prompts: PROMPTS,
      principle: null,
      inputs: [{ name: `judge-${MODEL}`, sha256: MODEL, bytes: 99 }],
      parameters: {
        pairLimit: 40,
        promptForm: 'dialogue',
        judges: [judges[0], { kind: 'preference-model', artifact: { sha256: MODEL, bytes: 99 } }],
      },
    });
    expect(planned('examine-judges').get('examine')?.parameters).toMatchObject({
      pairLimit: 300,
      judges: ['sentiment'],
    });
    expect(keyOf('examine-judges', 'examine', given)).not.toBe(keyOf('examine-judges', 'examine'));
  });

  it('refuses what does not go together, naming the field', () => {
    const story = { ...principleOf('good'), form: 'prefix' as const };
    const refused = (method: Method, hyperparameters: Hyperparameters) => () =>
      parametersOf(method, { hyperparameters, principle: story });
    expect(refused('rlaif', { label: { orders: 'one-order' } })).toThrow(/read alone.*orders/);
    const endpoint = {
      kind: 'endpoint' as const,
      model: 'm',
      question: 'helpful' as const,
      orders: 'both' as const,
      maximumTokens: 9,
      price: null,
    };
    expect(refused('dpo', { judge: { judges: [endpoint] } })).toThrow(/about dialogues.*judges/);
    const likelihood = { kind: 'likelihood' as const, question: 'helpful' as const };
    expect(refused('dpo', { judge: { judges: [likelihood] } })).toThrow(/about dialogues.*judges/);
    const examined = refused('examine-judges', { judge: { judges: [likelihood] } });
    expect(examined).toThrow(/"path":\["hyperparameters","judge","judges"\]/);
  });
});
