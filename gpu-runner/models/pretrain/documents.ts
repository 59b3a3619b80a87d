/** Training documents of the bundled model: parts of stories, some announced by a tone line. */
import { integerBelow, uniform } from '../../../shared/random.ts';
import { toneLineEnd, toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { type Tone, toneOf } from '../../../shared/principles/kind-stories/tone.ts';
import { sentences } from './stories.ts';

export interface Story {
  readonly text: string;
  /** of a teacher's story: length in characters of the opening it went on from, which the tone line does not concern */
  readonly opening?: number;
}

/** What one row of a batch reads. */
export interface TrainingDocument {
  /** tone line with its end, read but not learnt; may be empty */
  readonly line: string;
  readonly text: string;
  /** whether the text is over where it ends, so that the end token is learnt */
  readonly ended: boolean;
}

/** Share of the documents that begin in the middle of their story. */
const MIDDLE_SHARE = 0.3;

/** Share of the texts of each tone that get a tone line; kind text is far more frequent in children's stories. */
const LINE_SHARE: Readonly<Record<Tone, number>> = { kind: 0.6, mean: 0.95, neutral: 0 };

/** Sentences whose tone a line announces: those that follow the opening. */
const OPENING_SENTENCES = 2;
const ANNOUNCED_SENTENCES = 6;

/**
 * The document that a story gives in an epoch: a pure function of its arguments.
 *
 * @param stream distinguishes epoch and story
 */
export function documentOf(story: Story, seed: number, stream: number): TrainingDocument {
  const draw = (counter: number): number => uniform(seed, stream, counter);
  const line = (tone: Tone): string => {
    const pair = toneLines[integerBelow(toneLines.length, seed, stream, 3)];
    if (pair === undefined || tone === 'neutral' || draw(2) >= LINE_SHARE[tone]) return '';
    return pair[tone] + toneLineEnd;
  };
  // A teacher's story that reached its last token is cut somewhere inside a sentence.
  const ended = /[.!?"']$/.test(story.text);
  if (story.opening !== undefined && story.opening > 0) {
    return { line: line(toneOf(story.text.slice(story.opening))), text: story.text, ended };
  }
  const all = sentences(story.text);
  const latest = Math.max(0, all.length - OPENING_SENTENCES - ANNOUNCED_SENTENCES);
  const first = draw(0) < MIDDLE_SHARE ? Math.floor(draw(1) * (latest + 1)) : 0;
  const announced = all.slice(first + OPENING_SENTENCES, first + OPENING_SENTENCES + ANNOUNCED_SENTENCES);
  return { line: line(toneOf(announced.join(''))), text: all.slice(first).join(''), ended };
}
