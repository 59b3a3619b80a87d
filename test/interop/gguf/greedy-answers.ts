/** Greedy answers of both forms of a model, and how far they go with llama.cpp's. */
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { rowTokens } from '../../gpu-runner/llama/sampler/small-model.ts';
import { withLogits } from './with-logits.ts';

export const NEW_TOKENS = 20;
const THREADS = 2;

/** What llama.cpp answers to a prompt. */
export interface Reference {
  readonly prompt: readonly number[];
  /** Of the file as it is. */
  readonly tokens: readonly number[];
  /** Of the file with its weights written out in fp32. */
  readonly inFp32: readonly number[];
  /** Likeliest tokens and their logits at each step of `tokens`. */
  readonly best: readonly (readonly (readonly [number, number])[])[];
}

export interface Agreement {
  readonly equalTokens: number;
  readonly of: number;
  readonly text: string;
  readonly own?: string;
  /** By how many logits llama.cpp preferred its token to ours where the two part. */
  readonly margin?: number;
}

/** The likeliest tokens of the 8-bit model after each prompt. */
export async function eightBitGreedy(model: Model, references: readonly Reference[]): Promise<number[][]> {
  const sampler = await Sampler.open({
    backend: model.backend,
    maximumPositions: longestOf(references),
    session: { threads: THREADS },
  });
  const rollout = await sampler.sample({
    prompts: references.map(({ prompt }) => prompt),
    maximumNewTokens: NEW_TOKENS,
    seed: 1,
    rowIds: references.map((_, row) => row),
    topK: 1,
  });
  await sampler.close();
  return references.map((_, row) => rowTokens(rollout, row));
}

/** The same of the fp32 form, which reads the whole text for every token. */
export async function floatGreedy(model: Model, references: readonly Reference[]): Promise<number[][]> {
  const answers = references.map((): number[] => []);
  await withLogits(model, longestOf(references), async (logits) => {
    for (let step = 0; step < NEW_TOKENS; step++) {
      const open = references.flatMap(({ inFp32, prompt }, row) => {
        const answer = answers[row] ?? [];
        return step < inFp32.length ? [{ answer, text: [...prompt, ...answer] }] : [];
      });
      const rows = await logits(open.map(({ text }) => text));
      for (const [index, { answer }] of open.entries()) {
        const row = rows[index] ?? new Float32Array();
        answer.push(row.reduce((best, value, token) => (value > (row[best] ?? 0) ? token : best), 0));
      }
    }
  });
  return answers;
}

function longestOf(references: readonly Reference[]): number {
  return Math.max(...references.map(({ prompt }) => prompt.length)) + NEW_TOKENS;
}

/** How far each answer goes with llama.cpp's, and by how much llama.cpp preferred its own token where they part. */
export function compareAnswers(
  model: Model,
  references: readonly Reference[],
  answers: readonly number[][],
  theirs: (reference: Reference) => readonly number[],
): Agreement[] {
  return references.map((reference, row) => {
    const own = answers[row] ?? [];
    const tokens = theirs(reference);
    let common = 0;
    while (common < tokens.length && own[common] === tokens[common]) common += 1;
    const text = model.tokenizer.decode(tokens);
    if (common === tokens.length) return { equalTokens: common, of: tokens.length, text };
    const scores = new Map(reference.best[common]);
    const margin =
      (scores.get(tokens[common] ?? -1) ?? Number.NaN) - (scores.get(own[common] ?? -1) ?? Number.NaN);
    return { equalTokens: common, of: tokens.length, text, own: model.tokenizer.decode(own), margin };
  });
}
