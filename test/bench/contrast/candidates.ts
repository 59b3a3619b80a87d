/** What the bench of contrasts measures: affix pairs and kinds of task. */
import { harmlessness } from '../../../shared/principles/harmlessness.ts';
import { helpfulness } from '../../../shared/principles/helpfulness.ts';
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

/** Prompts of each kind, below ../shared/data. */
export const TASKS: Readonly<Record<string, string>> = {
  helpful: 'hh-rlhf-helpful-8k/test.jsonl',
  harmless: 'hh-rlhf-harmless-base-test/test.jsonl.gz',
};
