/** The helpfulness principle of the RLCD paper: affix pairs, each with the scoring instruction of the same index. */
import type { Principle } from './principle.ts';

export const helpfulness: Principle = {
  name: 'helpfulness',
  description: 'Answers that help: the one affix pair of the RLCD paper.',
  form: 'dialogue',
  responseOpening: '',
  source:
    'facebookresearch/RLCD at fac0b8f, scripts/simulate_preference_data.py (MIT licence); quoted verbatim',
  affixPairs: [
    {
      positive: '(giving a helpful response)',
      negative: '(giving an unhelpful response)',
      scoringInstruction: 'Please choose the response that is more helpful.',
    },
  ],
};
