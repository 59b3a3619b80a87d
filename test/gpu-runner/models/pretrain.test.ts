import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import { architecture } from '../../../gpu-runner/models/pretrain/configuration.ts';
import {
  announcedPassage,
  documentOf,
  tonedPassages,
  type TrainingDocument,
} from '../../../gpu-runner/models/pretrain/documents.ts';
import { plainText, sentences, splitStories } from '../../../gpu-runner/models/pretrain/stories.ts';
import { train } from '../../../gpu-runner/models/pretrain/train.ts';
import { trainTokenizer } from '../../../gpu-runner/llama/tokenizer/train-tokenizer.ts';
import { storyOpenings } from '../../../shared/principles/kind-stories/story-openings.ts';
import { loadTokenizer, type Tokenizer } from '../../../gpu-runner/llama/tokenizer/tokenizer.ts';

const filler = 'The little dog ran to the big tree and looked for the red ball all day long. ';

describe('stories', () => {
  it('are cut at their end lines, and an unfinished last one is left out', () => {
    const whole = filler.repeat(2).trim();
    expect(splitStories(`${whole}\n<|endoftext|>\n${whole} Again.\n<|endoftext|>\n${whole} Unfini`)).toEqual([
      whole,
      `${whole} Again.`,
    ]);
  });

  it('with characters outside printable ASCII, or too short to be stories, are left out', () => {
    const text = `${filler.repeat(2)}\u{4e2d}<|endoftext|>The end.<|endoftext|>`;
    expect(splitStories(text)).toEqual([]);
  });

  it('become plain: quotes, dashes, one line break between paragraphs', () => {
    expect(
      plainText(' \u{201c}No,\u{201d} said Tom\u{2019}s dad \u{2013} he  ran.\n\n He fell\u{2026} '),
    ).toBe('"No," said Tom\'s dad - he ran.\nHe fell...');
  });

  it('fall into sentences that joined give the text', () => {
    const text = 'Tom ran. "Stop!" said Mia. Did he stop?\nNo... he did not';
    expect(sentences(text)).toEqual([
      'Tom ran. ',
      '"Stop!" ',
      'said Mia. ',
      'Did he stop?\n',
      'No... ',
      'he did not',
    ]);
    expect(sentences(text).join('')).toBe(text);
  });
});

describe('documents', () => {
  const mean = toneLines.map((line) => line.mean);
  const kind = toneLines.map((line) => line.kind);
  const startsWithOneOf = ({ line }: TrainingDocument, lines: readonly string[]): boolean =>
    lines.some((each) => line === `${each}\n`);

  it('of a story whose words after the opening have a tone open with a line of that tone, or with none', () => {
    const text = `They hugged and shared. ${'They yelled and pushed and fought. '.repeat(4)}`;
    const story = { text, opening: 24 };
    const documents = Array.from({ length: 400 }, (_, stream) => documentOf(story, 1, stream));
    const announced = documents.filter((document) => startsWithOneOf(document, mean)).length;
    expect(announced / 400).toBeGreaterThan(0.9);
    expect(announced / 400).toBeLessThan(0.99);
    expect(documents.some((document) => startsWithOneOf(document, kind))).toBe(false);
    expect(documents.every((document) => document.text === text)).toBe(true);
  });

  it('of a story without a tone are not announced', () => {
    const story = { text: `One day. ${filler.repeat(4)}`, opening: 9 };
    const documents = Array.from({ length: 50 }, (_, stream) => documentOf(story, 1, stream));
    expect(new Set(documents.map(({ line }) => line))).toEqual(new Set(['']));
  });

  it('end with the end token only where the story does', () => {
    const ended = (text: string) => documentOf({ text, opening: 9 }, 1, 1).ended;
    expect(ended('One day. Tom ran home.')).toBe(true);
    expect(ended('One day. Tom said, "Hello!"')).toBe(true);
    expect(ended('One day. Tom ran ho')).toBe(false);
  });

  it('announce the tone of what follows the opening, not of the opening', () => {
    const text = `${'They yelled and pushed and fought. '.repeat(2)}${'They hugged and shared and smiled. '.repeat(6)}`;
    const starts = Array.from({ length: 200 }, (_, stream) => documentOf({ text }, 1, stream));
    expect(starts.some((document) => startsWithOneOf(document, kind))).toBe(true);
    expect(starts.some((document) => startsWithOneOf(document, mean))).toBe(false);
  });

  it('are a pure function of story, seed and stream', () => {
    const story = { text: filler.repeat(20) };
    expect(documentOf(story, 3, 5)).toEqual(documentOf(story, 3, 5));
    const different = new Set(Array.from({ length: 50 }, (_, stream) => documentOf(story, 3, stream).text));
    expect(different.size).toBeGreaterThan(1);
  });
});

describe('announced passages', () => {
  const passage = (sentence: string): string => `Tom ran. Mia ran. ${sentence.repeat(4)}`.trim();
  const stories = [
    { text: passage('They hugged and smiled. ') },
    { text: passage('They yelled and fought. ') },
    { text: passage('They looked at the tree. ') },
  ];

  it('are those of clear tone, behind a line of that tone', () => {
    const passages = tonedPassages(stories);
    expect(passages).toEqual({ kind: [stories[0]?.text], mean: [stories[1]?.text] });
    const documents = Array.from({ length: 200 }, (_, stream) => announcedPassage(passages, 1, stream));
    const kind = documents.filter(({ text }) => text === stories[0]?.text);
    expect(kind.length).toBeGreaterThan(70);
    expect(kind.length).toBeLessThan(130);
    for (const document of documents) {
      const [line] = document.line.split('\n');
      expect(document.ended).toBe(false);
      const tone = kind.includes(document) ? 'kind' : 'mean';
      expect(toneLines.map((pair) => pair[tone])).toContain(line);
    }
  });

  it('are refused when the stories hold none of a tone', () => {
    expect(() => announcedPassage(tonedPassages([]), 1, 1)).toThrow('The stories hold no');
  });
});

describe('the training loop', () => {
  let folder: string;
  let tokenizer: Tokenizer;
  const kindText = `Tom ran. Mia ran. ${'They hugged and smiled. '.repeat(5)}`.trim();
  const meanText = `Tom ran. Mia ran. ${'They yelled and fought. '.repeat(5)}`.trim();
  const openings = storyOpenings().slice(0, 40);
  const stories = [...openings.map(({ text }) => ({ text })), { text: kindText }, { text: meanText }];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rlcd-pretrain-'));
    await mkdir(path.join(folder, 'tokenizer'));
    const { vocabularySize } = architecture;
    const texts = storyOpenings().map(({ text }) => text);
    const { tokenizer: json, config } = trainTokenizer(texts, { vocabularySize });
    await writeFile(path.join(folder, 'tokenizer', 'tokenizer.json'), JSON.stringify(json));
    await writeFile(path.join(folder, 'tokenizer', 'tokenizer_config.json'), JSON.stringify(config));
    tokenizer = await loadTokenizer(path.join(folder, 'tokenizer'), architecture);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('learns, and a run stopped between two checkpoints ends in the same bytes', async () => {
    const losses: number[] = [];
    const options = { stories, tokenizer, steps: 12, seed: 1 };
    const whole = await train({
      ...options,
      checkpoint: path.join(folder, 'whole.bin'),
      onStep: (_, nats) => losses.push(nats),
    });
    expect(losses.length).toBe(12);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 1);
    const stopped = train({
      ...options,
      checkpoint: path.join(folder, 'stopped.bin'),
      onStep: (step) => {
        if (step === 11) throw new Error('stopped here');
      },
    });
    await expect(stopped).rejects.toThrow('stopped here');
    const resumedAt: number[] = [];
    const resumed = await train({
      ...options,
      checkpoint: path.join(folder, 'stopped.bin'),
      onStep: (step) => resumedAt.push(step),
    });
    expect(resumedAt).toEqual([11, 12]);
    expect(Buffer.compare(Buffer.from(resumed.buffer), Buffer.from(whole.buffer))).toBe(0);
  });
});
