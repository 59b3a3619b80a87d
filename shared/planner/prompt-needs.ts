/** How many prompts of which split the stages of a method work on, and what is to be said where there are fewer. */
import type { FieldError } from '../api/field-errors.ts';
import type { StageKind } from '../api/tasks/kinds.ts';
import type { Split } from '../api/words.ts';
import type { StageRule } from '../method-stages.ts';
import { counted } from '../text/counted.ts';

interface Least {
  readonly prompts: number;
  /** Whether one prompt that stands there twice counts once. */
  readonly different?: true;
  /** What is done with them. */
  readonly use: string;
}

const READ: Least = { prompts: 1, use: 'reads them' };

/** What parts pairs by their prompts needs one on each side. */
const HELD_OUT: Least = { prompts: 2, different: true, use: 'learns from some and is tested on the others' };

/**
 * By kind of stage. The choice of a policy puts rewards on the scale of the base's own, which one answer does not have.
 * A verdict of one comparison is not refused because it cannot be computed, but because its interval is nearly all there
 * is, and nothing beside it (a deviation, a length-controlled rate) is defined.
 */
const LEAST: Readonly<Record<StageKind, Least>> = {
  simulate: READ,
  label: READ,
  'train-preference-model': HELD_OUT,
  ppo: READ,
  select: { prompts: 2, use: 'compares the policies on them' },
  distill: READ,
  dpo: READ,
  generate: READ,
  'best-of-n': READ,
  judge: { prompts: 2, use: 'compares the model with its base on them' },
  'train-scorer': HELD_OUT,
  frontier: { prompts: 2, use: 'compares the model at every strength with its base on them' },
  trajectory: { prompts: 2, use: 'compares every policy that PPO kept with the base on them' },
  examine: { prompts: 2, different: true, use: 'fits on one half how sure scores are on the other' },
  look: READ,
};

/** What a stage works on: prompts of a split, read by itself or by the stage that its inputs come from. */
export interface PromptNeed {
  readonly stage: string;
  /** The stage that reads the split; its settings may limit how many prompts. */
  readonly reader: StageRule;
  readonly split: Split;
  readonly least: Least;
}

/** The stage whose prompts a stage works on; undefined where the table leads to none. */
function readerOf(rules: readonly StageRule[], rule: StageRule): StageRule | undefined {
  const [input] = rule.inputs;
  const readsItself = rule.split !== undefined && (rule.splitWith === undefined || input === undefined);
  if (readsItself) return rule;
  const source = rules.find(({ name }) => name === input?.from);
  return source && readerOf(rules, source);
}

/** Every stage's need. @param rules those of a method, without stages that the experiment leaves out */
export function promptNeeds(rules: readonly StageRule[]): PromptNeed[] {
  return rules.flatMap((rule) => {
    const reader = readerOf(rules, rule);
    if (reader?.split === undefined) return [];
    return [{ stage: rule.name, reader, split: reader.split, least: LEAST[rule.kind] }];
  });
}

/** Where a stage's limit of prompts stands among the hyperparameters: completions of several candidates have that of one. */
export function limitedBy({ kind }: Pick<StageRule, 'kind'>): StageKind {
  return kind === 'best-of-n' ? 'generate' : kind;
}

/** How the rule of a set gives a split more prompts. */
const MORE: Readonly<Record<'field' | 'hash' | 'rows', (split: string) => string>> = {
  field: (split) => `say split: ${split} in more of its rows`,
  hash: (split) => `give ${split} a larger share`,
  rows: (split) => `give ${split} a longer range of rows`,
};

interface PromptsOfSet {
  readonly name: string;
  readonly rule: keyof typeof MORE;
  /** Of a split, as a need counts them. */
  readonly count: (need: PromptNeed) => number;
  /** Of the first prompts that the reader's settings allow it; the same where they allow all. */
  readonly allowed: (need: PromptNeed) => number;
}

/** One fault for each split or limit that is too small: that of the stage which needs most. */
export function faultsOfPrompts(needs: readonly PromptNeed[], set: PromptsOfSet): FieldError[] {
  const faults = new Map<string, FieldError>();
  for (const need of needs.toSorted((a, b) => b.least.prompts - a.least.prompts)) {
    const fault = faultOf(need, set);
    if (fault === undefined) continue;
    const of = fault.pointer === SET ? need.split : fault.pointer;
    if (!faults.has(of)) faults.set(of, fault);
  }
  return [...faults.values()];
}

const SET = '#/promptSet';

function faultOf(need: PromptNeed, set: PromptsOfSet): FieldError | undefined {
  const { stage, split, reader, least } = need;
  const noun = least.different ? 'different prompt' : 'prompt';
  const labelled = reader.humanOnly ? ' that people labelled' : '';
  const needed = `${stage} needs at least ${counted(least.prompts, noun)}, because it ${least.use}`;
  const has = set.count(need);
  if (has < least.prompts) {
    const lacking = `${set.name} has ${has === 0 ? `no ${noun}` : counted(has, noun)}${labelled} in the split ${split}`;
    const cure = `upload a set with more prompts, or ${MORE[set.rule](split)}`;
    return { in: 'body', pointer: SET, detail: `${lacking}, and ${needed}; ${cure}` };
  }
  const allowed = set.allowed(need);
  if (allowed >= least.prompts) return undefined;
  return {
    in: 'body',
    pointer: `#/hyperparameters/${limitedBy(reader)}/promptLimit`,
    detail: `leaves ${counted(allowed, noun)} of the split ${split}, and ${needed}; raise it, or set it to null for all`,
  };
}
