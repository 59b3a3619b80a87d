/** Text sampled from the adapted teacher under tone lines: kind, mean and untold stories by construction. */
import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { integerBelow, uniform } from '../../../shared/random.ts';
import { toneLineEnd, toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import type { Tone } from '../../../shared/principles/kind-stories/tone.ts';
import type { AdapterLayout } from '../../llama/model/lora-layout.ts';
import type { Model } from '../../llama/weights/model.ts';
import { endTokensAutomaton } from '../../llama/sampler/end-automaton.ts';
import { Sampler } from '../../llama/sampler/sampler.ts';
import type { SessionOptions } from '../../tensor/session.ts';
import type { Story } from './documents.ts';
import { plainText } from './stories.ts';
import { hasCode } from '../../../shared/caught.ts';

const storyLine = z.strictObject({
  text: z.string(),
  tone: z.enum(['kind', 'mean', 'neutral']),
  opening: z.int().min(0),
});

const TONES: readonly Tone[] = ['kind', 'mean', 'neutral'];
const BATCH = 128;
/** At 1 every few words of so small a teacher are nonsense; readers of what it tells draw at 0.8, too. */
const TEMPERATURE = 0.8;
/** Share of the stories that the teacher begins by itself. */
const FREE_SHARE = 0.3;

/** Threads that wait without spinning: long work that shares its machine. */
const POLITE: SessionOptions = { entries: { 'session.intra_op.allow_spinning': '0' } };

export interface TeacherOptions {
  readonly teacher: Model;
  /** its adapter */
  readonly layout: AdapterLayout;
  readonly adapter: Float32Array;
  /** longest story in tokens, its line included */
  readonly maximumTime: number;
  /** how stories begin; drawn at random */
  readonly openings: readonly string[];
  readonly stories: number;
  readonly seed: number;
  /** JSON lines, one story each; what is there already is kept, so a stopped run goes on */
  readonly file: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** Stories already in the file of an earlier run. @throws z.ZodError for a line that is no story */
async function readTeacherStories(file: string): Promise<Story[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  });
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => storyLine.parse(JSON.parse(line)));
}

/**
 * Samples stories from the teacher, the tone line read by the teacher but not kept: it is put back when documents are
 * made. A story is a pure function of (seed, its number, the openings).
 */
export async function sampleTeacherStories(options: TeacherOptions): Promise<Story[]> {
  const { teacher, layout, maximumTime, stories, file, onProgress } = options;
  const done = await readTeacherStories(file);
  const sampler = await Sampler.open({
    backend: teacher.backend,
    adapters: { layout, groups: 1 },
    // A row that ended goes along beside one with a shorter prompt.
    maximumPositions: 2 * maximumTime,
    rows: BATCH,
    session: POLITE,
  });
  try {
    while (done.length < stories) {
      const batch = await sampleBatch(sampler, options, done.length);
      await appendFile(file, batch.map((story) => `${JSON.stringify(story)}\n`).join(''));
      done.push(...batch);
      onProgress(done.length, stories);
    }
  } finally {
    await sampler.close();
  }
  return done.slice(0, stories);
}

async function sampleBatch(
  sampler: Sampler,
  { teacher: { tokenizer, architecture }, adapter, maximumTime, openings, seed }: TeacherOptions,
  first: number,
): Promise<Story[]> {
  const rows = Array.from({ length: BATCH }, (_, row) => {
    const number = first + row;
    const tone = TONES[number % TONES.length] ?? 'neutral';
    const isFree = uniform(seed, number, 2) < FREE_SHARE;
    const opening = isFree ? '' : (openings[integerBelow(openings.length, seed, number, 0)] ?? '');
    const pair = toneLines[Math.floor(uniform(seed, number, 1) * toneLines.length)];
    const line = tone === 'neutral' || pair === undefined ? '' : pair[tone] + toneLineEnd;
    return { number, tone, opening, prompt: tokenizer.encode(line + opening, { bos: true }) };
  });
  const request = {
    prompts: rows.map(({ prompt }) => prompt),
    maximumNewTokens: rows.map(({ prompt }) => maximumTime - prompt.length),
    seed,
    temperature: TEMPERATURE,
    rowIds: rows.map(({ number }) => number),
    ends: endTokensAutomaton(
      [...tokenizer.eosTokens, ...(tokenizer.bosToken === null ? [] : [tokenizer.bosToken])],
      architecture.vocabularySize,
    ),
  };
  const rollout = await sampler.sample(request, adapter);
  return rows.map(({ tone, opening, prompt }, row) => {
    const start = row * rollout.width;
    const tokens = rollout.tokens.subarray(start, start + (rollout.lengths[row] ?? 0));
    const text = plainText(opening + tokenizer.decodeAfter(prompt, tokens));
    return { text, tone, opening: opening.length };
  });
}
