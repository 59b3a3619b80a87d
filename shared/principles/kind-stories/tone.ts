/** The tone of a story text by a small lexicon of our own; chooses the tone line of a pretraining document. */
import { words } from '../../text/words.ts';

export type Tone = 'kind' | 'mean' | 'neutral';

/**
 * Ours (MIT licence), chosen by hand from the words of children's stories, without looking at the sentiment judge's
 * lexicon: that judge must stay unseen by every training step, pretraining included.
 */
const kindWords = new Set(
  (
    'kind kindly kindness gentle nice happy happily glad joy smile smiled smiling laughed giggled love loved loves hug ' +
    'hugged hugs share shared sharing help helped helping helpful friend friends together thank thanked thanks sorry ' +
    'forgave forgive proud safe care cared caring cheered warm fun brave better fixed gift welcome sweet'
  ).split(' '),
);
const meanWords = new Set(
  (
    'mean angry mad bad sad sadly cry cried crying hurt hurts hit hits pushed kicked bit broke broken fight fighting ' +
    'fought yelled shouted screamed scared afraid steal stole selfish rude grumpy greedy jealous lied alone lost ' +
    'trouble hate hated ugly nasty evil unhappy upset pain worse punished died stuck never'
  ).split(' '),
);

/** Kind minus mean words per 100 words; 0 for a text without words. */
export function toneScore(text: string): number {
  const all = words(text);
  if (all.length === 0) return 0;
  const balance = all.reduce(
    (sum, word) => sum + Number(kindWords.has(word)) - Number(meanWords.has(word)),
    0,
  );
  return (100 * balance) / all.length;
}

/** Scores from which a text counts as kind or as mean; measured on TinyStories, see the test of this file. */
const KIND_FROM = 4;
const MEAN_TO = -1;

/** The tone of a text: its score, with a neutral band in between that gets no tone line. */
export function toneOf(text: string): Tone {
  const score = toneScore(text);
  if (score >= KIND_FROM) return 'kind';
  return score <= MEAN_TO ? 'mean' : 'neutral';
}
