/** The principle "stories end kindly", for plain language models: its affixes are story text in front of the prompt. */
import type { Principle } from '../principle.ts';
import { toneLineEnd, toneLines, type ToneLine } from './tone-lines.ts';

/** Three tone lines at places that differ by these: one alone steers a model that has not read it in training too little. */
const OFFSETS = [0, 2, 4];

function affix(index: number, tone: keyof ToneLine): string {
  const lines = OFFSETS.map((offset) => toneLines[(index + offset) % toneLines.length]?.[tone] ?? '');
  return lines.join(' ') + toneLineEnd;
}

export const kindStories: Principle = {
  name: 'kind-stories',
  description: 'Stories that go on kindly: people help, share and make up.',
  form: 'prefix',
  responseOpening: '',
  source: 'ours (MIT licence)',
  affixPairs: toneLines.map(({ kind }, index) => ({
    positive: affix(index, 'kind'),
    negative: affix(index, 'mean'),
    // A plain story model knows no instruction, but it can say how well this line goes on from a story.
    scoringInstruction: kind,
  })),
};
