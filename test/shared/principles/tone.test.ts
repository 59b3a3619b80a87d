import { describe, expect, it } from 'vitest';
import { sentiment } from '../../../shared/judges/sentiment-judge.ts';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { toneOf, toneScore } from '../../../shared/principles/kind-stories/tone.ts';
import { spearman } from '../../../shared/statistics/rank-correlation.ts';
import { readSharedData } from '../read-shared-data.ts';

describe('tone', () => {
  it('knows kind, mean and neutral text', () => {
    expect(toneOf('She smiled and shared her cake. They hugged.')).toBe('kind');
    expect(toneOf('He was mean and pushed her, and she cried.')).toBe('mean');
    expect(toneOf('There was a red ball on the table in the room.')).toBe('neutral');
    expect(toneOf('')).toBe('neutral');
    expect(toneScore('kind mean happy day')).toBe(25);
  });

  it('reads every tone line as it is meant', () => {
    for (const { kind, mean } of toneLines) {
      expect(toneOf(kind)).toBe('kind');
      expect(toneOf(mean)).toBe('mean');
    }
  });

  const stories = readSharedData('data/tinystories-sample/tinystories_sample.txt');
  it.skipIf(stories === null)(
    'finds both tones in TinyStories and goes with the sentiment judge, without being it',
    () => {
      const halves = (stories ?? '')
        .split('<|endoftext|>')
        .slice(0, 300)
        .flatMap((story) => {
          const sentences = story.trim().split(/(?<=[.!?]"?)\s+/);
          const middle = Math.floor(sentences.length / 2);
          return [sentences.slice(0, middle).join(' '), sentences.slice(middle).join(' ')];
        })
        .filter((text) => text.length > 0);
      const share = (tone: string) => halves.filter((text) => toneOf(text) === tone).length / halves.length;
      expect(share('kind')).toBeGreaterThan(0.2);
      expect(share('mean')).toBeGreaterThan(0.08);
      const correlation = spearman(halves.map(toneScore), halves.map(sentiment));
      expect(correlation).toBeGreaterThan(0.5);
      expect(correlation).toBeLessThan(0.9);
    },
  );
});
