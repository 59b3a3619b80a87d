/**
 * The stages of each method, one table a method: what a stage reads, from where, and whether it splits into shards.
 * The planner (edge/orchestration/plan.ts) turns them into tasks as soon as their inputs exist.
 */
import type { Hyperparameters, StageKind } from './api/tasks/kinds.ts';
import type { METHODS, Split } from './api/words.ts';

export type Method = (typeof METHODS)[number];

/** Outputs of an earlier stage that become inputs. */
export interface InputRule {
  readonly from: string;
  /**
   * one: output `output` of its only task, as input `as`;
   * shards: output `output` of each task, as inputs `as-0000`, `as-0001`, ...;
   * same-shard: output `output` of the task of the same shard, as input `as`;
   * prefix: every output whose name begins with `output`, under its own name.
   */
  readonly take: 'one' | 'shards' | 'same-shard' | 'prefix';
  readonly output: string;
  readonly as?: string;
}

export interface StageRule {
  readonly name: string;
  readonly kind: StageKind;
  /** Whether many runners share it: one task for each shard. */
  readonly sharded?: true;
  /** The split of the prompt set that it reads. */
  readonly split?: Split;
  /** The parameter without which (0) it does not read its split. */
  readonly splitWith?: 'humanShare';
  /**
   * What it reads of the principle: its affixes alone, or its scoring instructions, too. Only what is read is part of
   * its key, so a new wording of the instructions simulates nothing anew.
   */
  readonly principle?: 'affixes' | 'instructions';
  readonly inputs: readonly InputRule[];
  /** Which sides a simulation samples; `plain` may be changed to two positive ones by a setting. */
  readonly sides?: 'contrast' | 'plain' | 'positive' | 'stronger' | 'weaker';
  /** Whether a simulation measures how much likelier each side is behind its own prompt, whatever the settings say. */
  readonly measuresContrast?: true;
  /** The loss of a training from pairs, where it is not that of `dpo`. */
  readonly loss?: 'dlma' | 'simpo' | 'kto';
  /** Whether the model that simulates and labels works on it, where the experiment names another than the aligned one. */
  readonly bySimulator?: true;
  /** Whether all of its pairs are people's, rows of its split. */
  readonly humanOnly?: true;
  /** Only where the experiment asks for a scorer: nothing else waits for it. */
  readonly scorer?: true;
  /** What the method asks of it where the experiment says nothing; what the method is named after stays as it is. */
  readonly settings?: StageSettings;
  /** Only where the experiment has settings of its kind, be they empty: nothing else waits for it. */
  readonly bySettings?: true;
}

/** What of an experiment decides which stages of its method it has. */
interface AskedFor {
  readonly scorer?: boolean | undefined;
  readonly hyperparameters?: { readonly [Kind in StageKind]?: unknown };
}

type StageSettings = Pick<NonNullable<Hyperparameters['simulate']>, 'leastContrast'> &
  Pick<NonNullable<Hyperparameters['ppo']>, 'advantageEstimator' | 'groupSize'>;

const simulate = (sides: 'contrast' | 'plain' | 'positive'): StageRule => ({
  name: 'simulate',
  kind: 'simulate',
  sharded: true,
  split: 'train',
  principle: 'affixes',
  inputs: [],
  sides,
  bySimulator: true,
});

/** Answers of the simulator to plain prompts, then the base's own to the same: what the first are better in is learnt. */
const simulateDelta: readonly StageRule[] = [
  {
    name: 'simulate-stronger',
    kind: 'simulate',
    sharded: true,
    split: 'train',
    inputs: [],
    sides: 'stronger',
    bySimulator: true,
  },
  {
    name: 'simulate',
    kind: 'simulate',
    sharded: true,
    inputs: [{ from: 'simulate-stronger', take: 'same-shard', output: 'pairs', as: 'stronger' }],
    sides: 'weaker',
  },
];

const label: StageRule = {
  name: 'label',
  kind: 'label',
  sharded: true,
  principle: 'instructions',
  inputs: [{ from: 'simulate', take: 'same-shard', output: 'pairs' }],
  bySimulator: true,
};

const trainPreferenceModel = (pairs: 'simulate' | 'label'): StageRule => ({
  name: 'train-preference-model',
  kind: 'train-preference-model',
  split: 'train',
  splitWith: 'humanShare',
  inputs: [{ from: pairs, take: 'shards', output: 'pairs' }],
});

/** A preference model of human pairs alone: a judge for the others, or what a method is measured against. */
const humanPreferenceModel: StageRule = {
  name: 'train-preference-model',
  kind: 'train-preference-model',
  split: 'train',
  splitWith: 'humanShare',
  humanOnly: true,
  inputs: [],
};

/** What judges make of every cell, where that is asked for: on dev prompts, which chose among the cells as well. */
const trajectory: StageRule = {
  name: 'trajectory',
  kind: 'trajectory',
  split: 'dev',
  inputs: [{ from: 'ppo', take: 'prefix', output: 'cell-' }],
  bySettings: true,
};

/** Preference model, policy and choice of the cell, from the pairs of a stage. */
const learnFrom = (
  pairs: 'simulate' | 'label',
  ppo: Pick<StageRule, 'settings'> = {},
): readonly StageRule[] => [
  trainPreferenceModel(pairs),
  {
    name: 'ppo',
    kind: 'ppo',
    split: 'train',
    inputs: [{ from: 'train-preference-model', take: 'one', output: 'preference-model' }],
    ...ppo,
  },
  {
    name: 'select',
    kind: 'select',
    split: 'dev',
    inputs: [
      { from: 'train-preference-model', take: 'one', output: 'preference-model' },
      { from: 'ppo', take: 'prefix', output: 'cell-' },
    ],
  },
  trajectory,
];

/** The same without pairs and without a preference model: the contrast of the principle's prompts is the reward. */
const learnDirectly: readonly StageRule[] = [
  { name: 'ppo', kind: 'ppo', split: 'train', principle: 'affixes', inputs: [] },
  {
    name: 'select',
    kind: 'select',
    split: 'dev',
    principle: 'affixes',
    inputs: [{ from: 'ppo', take: 'prefix', output: 'cell-' }],
  },
  trajectory,
];

/** The preference model's student for the edge. */
const trainScorer = (pairs: 'simulate' | 'label'): StageRule => ({
  name: 'train-scorer',
  kind: 'train-scorer',
  split: 'train',
  principle: 'affixes',
  inputs: [
    { from: 'train-preference-model', take: 'one', output: 'preference-model' },
    { from: pairs, take: 'shards', output: 'pairs' },
  ],
  scorer: true,
});

/** Training of an adapter straight from the pairs. */
const adapt = (kind: 'distill' | 'dpo', loss: Pick<StageRule, 'loss'> = {}): StageRule => ({
  name: kind,
  kind,
  inputs: [{ from: 'simulate', take: 'shards', output: 'pairs' }],
  ...loss,
});

/** Test completions of the base model: equal for every method, so it is done once for all of them. */
const generateBase = (name: 'generate' | 'generate-base'): StageRule => ({
  name,
  kind: 'generate',
  sharded: true,
  split: 'test',
  inputs: [],
});

/** Test completions by the base model with the preference model's choice among several. */
const bestOfN: StageRule = {
  name: 'best-of-n',
  kind: 'best-of-n',
  sharded: true,
  split: 'test',
  inputs: [{ from: 'train-preference-model', take: 'one', output: 'preference-model' }],
};

/** The verdict on the completions of a stage. */
const judge = (completions: 'generate' | 'best-of-n'): readonly StageRule[] => [
  generateBase('generate-base'),
  {
    name: 'judge',
    kind: 'judge',
    inputs: [
      { from: completions, take: 'shards', output: 'completions' },
      { from: 'generate-base', take: 'shards', output: 'completions', as: 'base-completions' },
    ],
  },
];

/** Test completions of the adapter, the verdict on them, and its frontier where that is asked for. */
const evaluate = (adapter: 'select' | 'distill' | 'dpo'): readonly StageRule[] => [
  {
    name: 'generate',
    kind: 'generate',
    sharded: true,
    split: 'test',
    inputs: [{ from: adapter, take: 'one', output: 'adapter' }],
  },
  ...judge('generate'),
  {
    name: 'frontier',
    kind: 'frontier',
    split: 'test',
    inputs: [{ from: adapter, take: 'one', output: 'adapter' }],
    bySettings: true,
  },
];

/** Answers that are compared with each other, where an estimator compares them: those of one prompt. */
const GROUP_SIZE = 4;

/** RLCD whose advantages come from the other answers to the same prompt, not from a value model. */
const byGroups = (advantageEstimator: 'rloo' | 'grpo'): readonly StageRule[] => [
  simulate('contrast'),
  ...learnFrom('simulate', { settings: { advantageEstimator, groupSize: GROUP_SIZE } }),
  ...evaluate('select'),
  trainScorer('simulate'),
];

export const METHOD_STAGES: Readonly<Record<Method, readonly StageRule[]>> = {
  rlcd: [simulate('contrast'), ...learnFrom('simulate'), ...evaluate('select'), trainScorer('simulate')],
  'filtered-rlcd': [
    { ...simulate('contrast'), settings: { leastContrast: 0 } },
    ...learnFrom('simulate'),
    ...evaluate('select'),
    trainScorer('simulate'),
  ],
  rloo: byGroups('rloo'),
  grpo: byGroups('grpo'),
  'rlcd-direct': [...learnDirectly, ...evaluate('select')],
  rlaif: [simulate('plain'), label, ...learnFrom('label'), ...evaluate('select'), trainScorer('label')],
  'rlcd-rescore': [
    simulate('contrast'),
    label,
    ...learnFrom('label'),
    ...evaluate('select'),
    trainScorer('label'),
  ],
  'context-distillation': [simulate('positive'), adapt('distill'), ...evaluate('distill')],
  base: [generateBase('generate')],
  'best-of-n': [simulate('contrast'), trainPreferenceModel('simulate'), bestOfN, ...judge('best-of-n')],
  dpo: [simulate('contrast'), adapt('dpo'), ...evaluate('dpo')],
  dlma: [
    { ...simulate('contrast'), measuresContrast: true },
    adapt('dpo', { loss: 'dlma' }),
    ...evaluate('dpo'),
  ],
  simpo: [simulate('contrast'), adapt('dpo', { loss: 'simpo' }), ...evaluate('dpo')],
  kto: [simulate('contrast'), adapt('dpo', { loss: 'kto' }), ...evaluate('dpo')],
  delta: [...simulateDelta, adapt('dpo'), ...evaluate('dpo')],
  'human-preference-model': [humanPreferenceModel],
  'examine-judges': [{ name: 'examine', kind: 'examine', split: 'test', humanOnly: true, inputs: [] }],
  look: [{ name: 'look', kind: 'look', split: 'train', principle: 'affixes', inputs: [] }],
};

/** The stages of an experiment: all of its method but those that are made only where they are asked for, and are not. */
export function stagesOf(method: Method, { scorer, hyperparameters = {} }: AskedFor = {}): StageRule[] {
  return METHOD_STAGES[method].filter(
    (rule) => (!rule.scorer || scorer) && (!rule.bySettings || hyperparameters[rule.kind] !== undefined),
  );
}

/** Methods that `rlcd align` runs, and whose sizes a budget chooses. */
export const ALIGNING_METHODS = ['rlcd', 'rlcd-direct'] as const satisfies readonly Method[];
export type AligningMethod = (typeof ALIGNING_METHODS)[number];

/** Whether the method has two sides of a principle that a look can tell apart. */
export function hasContrast(method: Method): boolean {
  return METHOD_STAGES[method].some(
    ({ sides, principle, scorer }) =>
      sides === 'contrast' || (principle === 'affixes' && sides === undefined && !scorer),
  );
}

/** Settings by kind of stage, and others over them. */
export function overSettings(under: Hyperparameters, over: Hyperparameters): Hyperparameters {
  const kinds = Object.keys(over) as StageKind[];
  return { ...under, ...Object.fromEntries(kinds.map((kind) => [kind, { ...under[kind], ...over[kind] }])) };
}

/** What an experiment sets, over what the rules ask for by themselves. */
export function withSettings(rules: readonly StageRule[], given: Hyperparameters): Hyperparameters {
  const own = rules.flatMap(({ kind, settings }) => (settings === undefined ? [] : [[kind, settings]]));
  return overSettings(Object.fromEntries(own), given);
}

/** The kinds whose settings a method's stages read: their own, and those of the judges that are examined. */
export function settingsReadBy(rules: readonly StageRule[]): Set<StageKind> {
  return new Set(rules.flatMap(({ kind }): StageKind[] => (kind === 'examine' ? [kind, 'judge'] : [kind])));
}

/** Whether the method learns from another model than the one it aligns. */
export const needsSimulator = (method: Method): boolean =>
  METHOD_STAGES[method].some(({ sides }) => sides === 'stronger');

/** Whether the method weighs how much likelier answers are behind their own prompts, which no server tells of given texts. */
export const weighsContrast = (method: Method): boolean =>
  METHOD_STAGES[method].some(
    ({ measuresContrast, settings }) => measuresContrast || settings?.leastContrast !== undefined,
  );

/** How many stages lie before a stage on its longest way: deeper tasks are taken first, so experiments end. */
export function depthOf(stages: readonly StageRule[], name: string): number {
  const rule = stages.find((stage) => stage.name === name);
  return Math.max(0, ...(rule?.inputs ?? []).map(({ from }) => depthOf(stages, from) + 1));
}
