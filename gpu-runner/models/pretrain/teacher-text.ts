/** Text sampled from a larger story model under tone lines: kind, mean and untold stories by construction. */
import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { integerBelow, uniform } from '../../../shared/random.ts';
import { toneLineEnd, toneLines } from '../../../shared/principles/kind-stories/tone-lines.ts';
import type { Tone } from '../../../shared/principles/kind-stories/tone.ts';
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
  opening: z.int().min(1),
});

const TONES: readonly Tone[] = ['kind', 'mean', 'neutral'];
const BATCH = 64;
const NEW_TOKENS = 128;

/** Threads that wait without spinning: long work that shares its machine. */
export const POLITE: SessionOptions = { entries: { 'session.intra_op.allow_spinning': '0' } };

export interface TeacherOptions {
  readonly teacher: Model;
  /** how stories begin; drawn at random */
  readonly openings: readonly string[];
  readonly stories: number;
  readonly seed: number;
  /** JSON lines, one story each; what is there already is kept, so a stopped run goes on */
  readonly file: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** Stories already in the file of an earlier run. @throws z.ZodError for a line that is no story */
export async function readTeacherStories(file: string): Promise<Story[]> {
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
  const { teacher, stories, file, onProgress } = options;
  const done = await readTeacherStories(file);
  const sampler = await Sampler.open({ backend: teacher.backend, session: POLITE });
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
  { teacher: { tokenizer, architecture }, openings, seed }: TeacherOptions,
  first: number,
): Promise<Story[]> {
  const rows = Array.from({ length: BATCH }, (_, row) => {
    const number = first + row;
    const tone = TONES[number % TONES.length] ?? 'neutral';
    const opening = openings[integerBelow(openings.length, seed, number, 0)] ?? '';
    const pair = toneLines[Math.floor(uniform(seed, number, 1) * toneLines.length)];
    const line = tone === 'neutral' || pair === undefined ? '' : pair[tone] + toneLineEnd;
    return { number, tone, opening, prompt: tokenizer.encode(line + opening, { bos: true }) };
  });
  const rollout = await sampler.sample({
    prompts: rows.map(({ prompt }) => prompt),
    maximumNewTokens: NEW_TOKENS,
    seed,
    rowIds: rows.map(({ number }) => number),
    ends: endTokensAutomaton(
      [...tokenizer.eosTokens, ...(tokenizer.bosToken === null ? [] : [tokenizer.bosToken])],
      architecture.vocabularySize,
    ),
  });
  return rows.map(({ tone, opening, prompt }, row) => {
    const start = row * rollout.width;
    const tokens = rollout.tokens.subarray(start, start + (rollout.lengths[row] ?? 0));
    const text = plainText(opening + tokenizer.decodeAfter(prompt, tokens));
    return { text, tone, opening: opening.length };
  });
}
