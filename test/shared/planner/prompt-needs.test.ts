/** Which splits each method works on, how many prompts each must have, and what is said where one has fewer. */
import { describe, expect, it } from 'vitest';
import { METHODS, SPLITS } from '../../../shared/api/words.ts';
import { METHOD_STAGES, type Method } from '../../../shared/method-stages.ts';
import { faultsOfPrompts, promptNeeds } from '../../../shared/planner/prompt-needs.ts';

/** The most that any stage needs of each split. */
function leastOf(method: Method) {
  const needs = promptNeeds(METHOD_STAGES[method]);
  return Object.fromEntries(
    SPLITS.map((split) => [
      split,
      Math.max(0, ...needs.filter((need) => need.split === split).map(({ least }) => least.prompts)),
    ]),
  );
}

const chosen = { train: 2, dev: 2, test: 2 };
const unchosen = { train: 1, dev: 0, test: 2 };

describe('the prompts that a method needs', () => {
  it.each<[Method, object]>([
    ['rlcd', chosen],
    ['filtered-rlcd', chosen],
    ['rloo', chosen],
    ['grpo', chosen],
    ['rlcd-direct', { train: 1, dev: 2, test: 2 }],
    ['rlcd-direct', { ...chosen, train: 1 }],
    ['rlaif', chosen],
    ['rlcd-rescore', chosen],
    ['context-distillation', unchosen],
    ['base', { train: 0, dev: 0, test: 1 }],
    ['best-of-n', { train: 2, dev: 0, test: 2 }],
    ['dpo', unchosen],
    ['dlma', unchosen],
    ['simpo', unchosen],
    ['kto', unchosen],
    ['delta', unchosen],
    ['human-preference-model', { train: 2, dev: 0, test: 0 }],
    ['look', { train: 1, dev: 0, test: 0 }],
  ])('%s: %o', (method, least) => {
    expect(leastOf(method)).toEqual(least);
  });

  it('follows every stage of every method to a split, through what its inputs are made of', () => {
    for (const method of METHODS) {
      const rules = METHOD_STAGES[method];
      expect(promptNeeds(rules).map(({ stage }) => stage)).toEqual(rules.map(({ name }) => name));
    }
    const needs = promptNeeds(METHOD_STAGES['rlcd-rescore']);
    const readers = Object.fromEntries(needs.map(({ stage, reader }) => [stage, reader.name]));
    expect(readers).toMatchObject({
      label: 'simulate',
      'train-preference-model': 'simulate',
      select: 'select',
      judge: 'generate',
    });
  });

  const set = (counts: Record<string, number>, limits: Record<string, number> = {}) => ({
    name: 'mine',
    rule: 'hash' as const,
    count: ({ split }: { split: string }) => counts[split] ?? 0,
    allowed: ({ split, reader }: { split: string; reader: { name: string } }) =>
      Math.min(counts[split] ?? 0, limits[reader.name] ?? Infinity),
  });

  it('says of each split once what it has, which stage needs more and why, and what to do', () => {
    const needs = promptNeeds(METHOD_STAGES.rlcd);
    expect(faultsOfPrompts(needs, set({ train: 2, dev: 2, test: 2 }))).toEqual([]);
    const found = faultsOfPrompts(needs, set({ train: 1, dev: 1, test: 0 }));
    expect(found.map(({ pointer, detail }) => [pointer, detail])).toEqual([
      [
        '#/promptSet',
        'mine has 1 different prompt in the split train, and train-preference-model needs at least 2 different prompts, because it ' +
          'learns from some and is tested on the others; upload a set with more prompts, or give train a larger share',
      ],
      [
        '#/promptSet',
        'mine has 1 prompt in the split dev, and select needs at least 2 prompts, because it compares the policies on them; ' +
          'upload a set with more prompts, or give dev a larger share',
      ],
      [
        '#/promptSet',
        'mine has no prompt in the split test, and judge needs at least 2 prompts, because it compares the model with its base on ' +
          'them; upload a set with more prompts, or give test a larger share',
      ],
    ]);
  });

  it('names the limit where the set has enough and a setting leaves too few', () => {
    const counts = { train: 9, dev: 9, test: 9 };
    const limited = (method: Method, limits: Record<string, number>) =>
      faultsOfPrompts(promptNeeds(METHOD_STAGES[method]), set(counts, limits)).map(({ pointer }) => pointer);
    expect(limited('rlcd', { select: 1 })).toEqual(['#/hyperparameters/select/promptLimit']);
    expect(limited('rlcd', { simulate: 1 })).toEqual(['#/hyperparameters/simulate/promptLimit']);
    expect(limited('dpo', { simulate: 1 })).toEqual([]);
    expect(limited('best-of-n', { 'best-of-n': 1 })).toEqual(['#/hyperparameters/generate/promptLimit']);
  });
});
