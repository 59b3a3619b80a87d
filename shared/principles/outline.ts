/** The outline principle: three affix pairs of our own, because the paper's were never released. */
import type { Principle } from './principle.ts';

export const outline: Principle = {
  name: 'outline',
  description: 'Story outlines that are interesting, well formed and on premise.',
  form: 'dialogue',
  responseOpening: 'Here is a possible outline:\n1. ',
  source:
    "ours (MIT licence): the paper names the three aims (interesting, well-formed, on premise) and omits its texts 'for legal reasons'; the opening of the response is the paper's",
  affixPairs: [
    {
      positive: '(writing an interesting, surprising outline)',
      negative: '(writing an uninteresting, predictable outline)',
      scoringInstruction: 'Please choose the outline that is more interesting.',
    },
    {
      positive: '(writing a well-structured, complete outline)',
      negative: '(writing a badly structured, incomplete outline)',
      scoringInstruction: 'Please choose the outline that is better structured and complete.',
    },
    {
      positive: '(writing an outline that follows the premise)',
      negative: '(writing an outline that ignores the premise)',
      scoringInstruction: 'Please choose the outline that fits the premise better.',
    },
  ],
};
