/** What the student learns from: the simulated pairs and fresh answers of the base, each text scored by the teacher. */
import { z } from 'zod';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { featuresOf, type Features } from '../../../shared/scoring/features.ts';
import { longestOf, sequenceOf } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { ScoreTexts } from '../best-of-n.ts';
import { encodeProgress, startOf, workOf } from '../checkpoint.ts';
import type { Generate } from '../generation.ts';
import { pairSequences, type PreferencePairLine } from '../preference-model/preference-examples.ts';
import type { AffixPair } from '../../../shared/principles/principle.ts';
import type { PromptRow } from '../prompt.ts';
import { ResponseReader, scoredPart } from '../response-text.ts';
import type { RunHooks } from '../run-hooks.ts';
import { freshPairs, type FreshAnswer } from './fresh-answers.ts';

export type ScorerSettings = Omit<TaskParameters<'train-scorer'>, 'format'> & {
  readonly contextLength: number;
  /** Texts per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

export interface ScorerInput {
  /** of the simulation, with their labels */
  readonly pairs: readonly PreferencePairLine[];
  /** to be answered anew */
  readonly prompts: readonly PromptRow[];
  readonly affixPairs: readonly Pick<AffixPair, 'positive' | 'negative'>[];
  readonly seed: number;
}

/** The teacher and the model that both were taught on. */
export interface TeacherEngine {
  readonly generate: Generate;
  readonly score: ScoreTexts;
}

/** Two answers to one prompt as the student reads them, with the teacher's scores. */
export interface ScoredPair {
  /** contrast: two sides of an affix pair, sampled anew; fresh: two answers to the plain prompt. */
  readonly source: 'simulated' | 'contrast' | 'fresh';
  readonly prompt: string;
  readonly first: Features;
  readonly second: Features;
  readonly firstScore: number;
  readonly secondScore: number;
  /** P(first is better) as labelled; null where nobody labelled. */
  readonly label: number | null;
}

/** A pair with the student's scores beside the teacher's. */
export interface JudgedPair extends ScoredPair {
  readonly firstStudent: number;
  readonly secondStudent: number;
}

const stateSchema = z.strictObject({
  samples: z.array(z.strictObject({ text: z.string(), tokens: z.array(z.int().nonnegative()) })),
  scores: z.array(z.number()),
});

/** A text before it is scored. */
interface Text {
  readonly prompt: string;
  readonly response: string;
  readonly tokens: Int32Array;
}

/**
 * Samples and scores, with a checkpoint every few engine runs; a sample depends on (seed, prompt, answer) alone.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError if every pair is longer than the context; CheckpointError for a checkpoint of other input
 */
export async function teacherScores(
  { pairs, prompts, affixPairs, seed }: ScorerInput,
  settings: ScorerSettings,
  tokenizer: Tokenizer,
  engine: TeacherEngine,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<ScoredPair[]> {
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const { promptForm, contextLength } = parameters;
  const simulated = pairs.flatMap((pair) => {
    const { chosen, rejected } = pairSequences(tokenizer, promptForm, pair);
    if (longestOf([chosen, rejected]) > contextLength) return [];
    const { prompt } = pair;
    const texts = [
      { prompt, response: pair.chosen, tokens: chosen.tokens },
      { prompt, response: pair.rejected, tokens: rejected.tokens },
    ] as const;
    return [{ texts, label: pair.labelProbability }];
  });
  if (simulated.length === 0) {
    throw new AlgorithmInputError(
      `all ${pairs.length} pairs are longer than the context of ${contextLength} tokens`,
    );
  }
  const wanted = freshPairs({ prompts, affixPairs, seed }, settings, tokenizer);
  const answers: readonly FreshAnswer[] = wanted.flatMap((pair) => pair.answers);
  const samples = answers.length;
  const total = 2 * simulated.length + samples;
  const items = [...simulated.flatMap(({ texts }) => texts.map(({ tokens }) => tokens)), ...wanted];
  const work = workOf('train-scorer', 'texts', items, { ...parameters, seed });
  const { state, step } = await startOf(work, resume, stateSchema, { samples: [], scores: [] });
  const reader = new ResponseReader(tokenizer, promptForm);
  let run = step;
  const done = async () => {
    hooks.progress(state.samples.length + state.scores.length, samples + total, 'texts');
    run += 1;
    if (run % checkpointEvery === 0) await hooks.checkpoint(run, await encodeProgress(work, run, state));
  };
  while (state.samples.length < samples) {
    hooks.signal.throwIfAborted();
    const start = state.samples.length;
    const asked = answers.slice(start, start + batchSize);
    const generations = await engine.generate(asked, hooks.signal);
    for (const [index, { promptTokens, plainTokens }] of asked.entries()) {
      const sequence = generations[index]?.sequence ?? sequenceOf(promptTokens, []);
      const read = scoredPart(sequence, reader.read(sequence)).subarray(sequence.start);
      const text = tokenizer.decodeAfter(promptTokens, read).trim();
      // The teacher never sees an affix: neither do the texts that it scores.
      state.samples.push({ text, tokens: [...plainTokens, ...read] });
    }
    await done();
  }
  const fresh = state.samples.map(({ text, tokens }, place): Text => {
    const prompt = wanted[Math.floor(place / 2)]?.prompt ?? '';
    return { prompt, response: text, tokens: Int32Array.from(tokens) };
  });
  const texts = [...simulated.flatMap((pair) => pair.texts), ...fresh];
  while (state.scores.length < texts.length) {
    const start = state.scores.length;
    const batch = texts.slice(start, start + batchSize).map(({ tokens }) => tokens);
    state.scores.push(...(await engine.score(batch, hooks.signal)));
    await done();
  }
  return Array.from({ length: texts.length / 2 }, (_, pair) => {
    const [first, second] = [texts[2 * pair], texts[2 * pair + 1]];
    const [firstScore, secondScore] = [state.scores[2 * pair], state.scores[2 * pair + 1]];
    if (
      first === undefined ||
      second === undefined ||
      firstScore === undefined ||
      secondScore === undefined
    ) {
      throw new RangeError(`pair ${pair} of ${texts.length / 2} was not scored`);
    }
    return {
      source: wanted[pair - simulated.length]?.source ?? 'simulated',
      prompt: first.prompt,
      first: featuresOf(first),
      second: featuresOf(second),
      firstScore,
      secondScore,
      label: simulated[pair]?.label ?? null,
    };
  });
}
