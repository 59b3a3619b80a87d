/** The principle "stories end kindly", for plain language models: its affixes are story text in front of the prompt. */
import type { Principle } from '../principle.ts';
import { toneLineEnd, toneLines } from './tone-lines.ts';

export const kindStories: Principle = {
  name: 'kind-stories',
  description: 'Stories that go on kindly: people help, share and make up.',
  form: 'prefix',
  responseOpening: '',
  source: 'ours (MIT licence)',
  affixPairs: toneLines.map(({ kind, mean }) => ({
    positive: kind + toneLineEnd,
    negative: mean + toneLineEnd,
    // A plain story model knows no instruction, but it can say how well this line goes on from a story.
    scoringInstruction: kind,
  })),
};
