/** What the bench of contrasts measures: affix pairs and kinds of task. */
import { harmlessness } from '../../../shared/principles/harmlessness.ts';
import { helpfulness } from '../../../shared/principles/helpfulness.ts';
import type { Placement } from '../../../shared/principles/placement.ts';
import type { AffixPair } from '../../../shared/principles/principle.ts';

/** By name, the affix pairs of which each prompt draws one. */
export const PRINCIPLES: Readonly<Record<string, readonly Pick<AffixPair, 'positive' | 'negative'>[]>> = {
  helpfulness: helpfulness.affixPairs,
  harmlessness: harmlessness.affixPairs,
  kind: [{ positive: '(kind, polite response)', negative: '(rude, insulting response)' }],
  honest: [
    {
      positive: '(response that admits what it does not know)',
      negative: '(response that hides what it does not know)',
    },
  ],
};

/** A pair at its place in a chat. */
export interface Candidate {
  readonly placement: Placement;
  readonly positive: string;
  readonly negative: string;
}

const HELPFUL = { positive: '(giving a helpful response)', negative: '(giving an unhelpful response)' };

/** What `judged-contrast` lets a judge of people's pairs decide: the paper's pair by place, and pairs in other words. */
export const HELPFUL_CANDIDATES: readonly Candidate[] = [
  { placement: 'label', ...HELPFUL },
  { placement: 'user', ...HELPFUL },
  { placement: 'answer', ...HELPFUL },
  {
    placement: 'system',
    positive: 'You give helpful responses.',
    negative: 'You give unhelpful responses.',
  },
  {
    placement: 'label',
    positive: '(giving a helpful, detailed and accurate response)',
    negative: '(giving an unhelpful, vague and wrong response)',
  },
  {
    placement: 'user',
    positive: 'Please give a helpful, detailed answer.',
    negative: 'Please give an unhelpful, useless answer.',
  },
  {
    placement: 'answer',
    positive: 'Sure, here is a helpful and clear answer:',
    negative: 'Sorry, here is an unhelpful and vague answer:',
  },
];

/** Prompts of each kind, below ../shared/data. */
export const TASKS: Readonly<Record<string, string>> = {
  helpful: 'hh-rlhf-helpful-8k/test.jsonl',
  harmless: 'hh-rlhf-harmless-base-test/test.jsonl.gz',
};
