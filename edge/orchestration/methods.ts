/**
 * The stages of each method, one table a method: what a stage reads, from where, and whether it splits into shards.
 * The planner (plan.ts) turns them into tasks as soon as their inputs exist.
 */
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { METHODS, SPLITS } from '../../shared/api/words.ts';

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
  readonly kind: TaskKind;
  /** Whether many runners share it: one task for each shard. */
  readonly sharded?: true;
  /** The split of the prompt set that it reads. */
  readonly split?: (typeof SPLITS)[number];
  /** Whether it reads the principle's affixes or instructions: only then are they part of its key. */
  readonly principle?: true;
  readonly inputs: readonly InputRule[];
  /** Which sides a simulation samples. */
  readonly sides?: 'contrast' | 'plain' | 'positive';
}

const simulate = (sides: 'contrast' | 'plain' | 'positive'): StageRule => ({
  name: 'simulate',
  kind: 'simulate',
  sharded: true,
  split: 'train',
  // Plain samples do not depend on the principle, so RLAIF shares them between principles.
  ...(sides === 'plain' ? {} : { principle: true }),
  inputs: [],
  sides,
});

const label: StageRule = {
  name: 'label',
  kind: 'label',
  sharded: true,
  principle: true,
  inputs: [{ from: 'simulate', take: 'same-shard', output: 'pairs' }],
};

/** Preference model, policy and choice of the cell, from the pairs of a stage. */
const learnFrom = (pairs: 'simulate' | 'label'): readonly StageRule[] => [
  {
    name: 'train-preference-model',
    kind: 'train-preference-model',
    inputs: [{ from: pairs, take: 'shards', output: 'pairs' }],
  },
  {
    name: 'ppo',
    kind: 'ppo',
    split: 'train',
    inputs: [{ from: 'train-preference-model', take: 'one', output: 'preference-model' }],
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
];

const distill: StageRule = {
  name: 'distill',
  kind: 'distill',
  inputs: [{ from: 'simulate', take: 'shards', output: 'pairs' }],
};

/** Test completions of the base model: equal for every method, so it is done once for all of them. */
const generateBase = (name: 'generate' | 'generate-base'): StageRule => ({
  name,
  kind: 'generate',
  sharded: true,
  split: 'test',
  inputs: [],
});

/** Test completions of the adapter, and the verdict on them. */
const evaluate = (adapter: 'select' | 'distill'): readonly StageRule[] => [
  {
    name: 'generate',
    kind: 'generate',
    sharded: true,
    split: 'test',
    inputs: [{ from: adapter, take: 'one', output: 'adapter' }],
  },
  generateBase('generate-base'),
  {
    name: 'judge',
    kind: 'judge',
    inputs: [
      { from: 'generate', take: 'shards', output: 'completions' },
      { from: 'generate-base', take: 'shards', output: 'completions', as: 'base-completions' },
    ],
  },
];

export const METHOD_STAGES: Readonly<Record<Method, readonly StageRule[]>> = {
  rlcd: [simulate('contrast'), ...learnFrom('simulate'), ...evaluate('select')],
  rlaif: [simulate('plain'), label, ...learnFrom('label'), ...evaluate('select')],
  'rlcd-rescore': [simulate('contrast'), label, ...learnFrom('label'), ...evaluate('select')],
  'context-distillation': [simulate('positive'), distill, ...evaluate('distill')],
  base: [generateBase('generate')],
};

/** How many stages lie before a stage on its longest way: deeper tasks are taken first, so experiments end. */
export function depthOf(stages: readonly StageRule[], name: string): number {
  const rule = stages.find((stage) => stage.name === name);
  return Math.max(0, ...(rule?.inputs ?? []).map(({ from }) => depthOf(stages, from) + 1));
}
