import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import type { Tone } from '../../../shared/principles/kind-stories/tone.ts';
import { uniform } from '../../../shared/random.ts';
import { batches } from '../../../gpu-runner/models/pretrain/batches.ts';
import { BATCH_DOCUMENTS, toneSteps } from '../../../gpu-runner/models/pretrain/configuration.ts';
import { documentOf, type TrainingDocument } from '../../../gpu-runner/models/pretrain/documents.ts';
import { plainText, sentences, splitStories } from '../../../gpu-runner/models/pretrain/stories.ts';
import { train } from '../../../gpu-runner/models/pretrain/train.ts';

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

describe('batches', () => {
  const documents = 700;
  const lengths = Array.from(
    { length: documents },
    (_, index) => 20 + Math.floor(230 * uniform(1, 9, index)),
  );
  const tones = Array.from(lengths, (_, index): Tone => (index % 10 === 0 ? 'mean' : 'neutral')).map(
    (tone, index) => (index % 5 === 1 ? 'kind' : tone),
  );
  const source = { lengths, tones, steps: 400, seed: 3 };
  const firstToneStep = source.steps - toneSteps(source.steps);

  it('visit every document once an epoch, sorted so that little is padding', () => {
    const batch = batches(source);
    const visits = new Map<number, number>();
    let read = 0;
    let padded = 0;
    for (let step = 0; step < 240; step++) {
      const rows = batch(step);
      expect(rows.length).toBe(BATCH_DOCUMENTS);
      const long = rows.map((row) => lengths[row] ?? 0);
      read += long.reduce((sum, length) => sum + length, 0);
      padded += rows.length * Math.max(...long);
      for (const row of rows) visits.set(row, (visits.get(row) ?? 0) + 1);
    }
    const times = Array.from(visits.values());
    expect(visits.size).toBe(documents);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
    expect(read / padded).toBeGreaterThan(0.85);
  });

  it('announce a tone in half of the documents of the last steps, kind and mean equally often', () => {
    const batch = batches(source);
    const late = Array.from({ length: source.steps - firstToneStep - 8 }, (_, index) =>
      batch(firstToneStep + 8 + index),
    ).flat();
    const share = (tone: Tone): number => late.filter((row) => tones[row] === tone).length / late.length;
    // A quarter each is drawn by its tone, and the other half has them as often as they are.
    expect(share('mean')).toBeCloseTo(
      0.25 + 0.5 * (tones.filter((tone) => tone === 'mean').length / documents),
      1,
    );
    expect(share('kind')).toBeCloseTo(
      0.25 + 0.5 * (tones.filter((tone) => tone === 'kind').length / documents),
      1,
    );
  });

  it('hang on seed and step alone', () => {
    const one = batches(source);
    const other = batches(source);
    const backwards = [301, 7, 250].map((step) => other(step));
    expect([301, 7, 250].map((step) => one(step))).toEqual(backwards);
    expect(batches({ ...source, seed: 4 })(7)).not.toEqual(one(7));
  });
});

describe('the training loop', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rlcd-pretrain-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('learns, and a run stopped between two checkpoints ends in the same bytes', async () => {
    const rows = Array.from({ length: 40 }, (_, row) => {
      const tokens = Int32Array.from({ length: 12 }, (__, place) => 3 + ((row + 5 * place) % 50));
      const distributions = Array.from(tokens.subarray(1), (token) => ({ tokens: [token], shares: [1] }));
      return { tokens, start: 1, distributions };
    });
    const lengths = rows.map(({ tokens }) => tokens.length);
    const tones = rows.map((): Tone => 'neutral');
    const steps = 27;
    const options = { rows, batch: batches({ lengths, tones, steps, seed: 1 }), steps, seed: 1 };
    const losses: number[] = [];
    const whole = await train({
      ...options,
      checkpoint: path.join(folder, 'whole.bin'),
      onStep: (_, __, nats) => losses.push(nats),
    });
    expect(losses.length).toBe(steps);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 2);
    const stopped = train({
      ...options,
      checkpoint: path.join(folder, 'stopped.bin'),
      onStep: (step) => {
        if (step === 26) throw new Error('stopped here');
      },
    });
    await expect(stopped).rejects.toThrow('stopped here');
    const resumedAt: number[] = [];
    const resumed = await train({
      ...options,
      checkpoint: path.join(folder, 'stopped.bin'),
      onStep: (step) => resumedAt.push(step),
    });
    expect(resumedAt).toEqual([26, 27]);
    expect(Buffer.compare(Buffer.from(resumed.buffer), Buffer.from(whole.buffer))).toBe(0);
  });
});
