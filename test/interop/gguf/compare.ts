/** One GGUF file here, in transformers and in llama.cpp: ids of 1,000 texts, fp32 logits, greedy answers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { TOKENIZER_FILE } from '../../../gpu-runner/llama/tokenizer/companions.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { conversations } from './conversations.ts';
import { compareAnswers, eightBitGreedy, floatGreedy, NEW_TOKENS } from './greedy-answers.ts';
import { mixedTexts } from '../mixed-texts.ts';
import { withLogits } from './with-logits.ts';

const TEXTS = 1000;
const LOGIT_POSITIONS = 64;
const LOGIT_LIMIT = 1e-3;

const ids = z.array(z.int());
const answeredSchema = z.object({
  transformers: z.array(ids),
  llamaCpp: z.array(ids),
  written: z.array(ids),
  published: z.array(ids),
  answers: z.array(
    z.object({
      text: z.string(),
      prompt: ids,
      tokens: ids,
      inFp32: ids,
      best: z.array(z.array(z.tuple([z.int(), z.number()]))),
    }),
  ),
});

/**
 * @param python the interpreter of an environment with transformers, gguf and llama-cpp-python
 * @returns whether all is as it must be; the figures say what is not
 */
export async function compareGguf(
  python: string,
  file: string,
): Promise<{ readonly figures: unknown; readonly passes: boolean }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-interop-gguf-'));
  try {
    return await compareIn(folder, python, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function compareIn(folder: string, python: string, file: string): ReturnType<typeof compareGguf> {
  const cacheDirectory = path.join(folder, 'cache');
  const began = performance.now();
  const eightBit = await openModel(file, { cacheDirectory });
  const openingSeconds = (performance.now() - began) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  const texts = mixedTexts(TEXTS);
  const { tokenizer } = eightBit;
  const logitTokens = Array.from(tokenizer.encode(texts.join('\n')).slice(0, LOGIT_POSITIONS));
  const [asked, answered, logits] = ['asked.json', 'answered.json', 'logits.bin'].map((name) =>
    path.join(folder, name),
  );
  if (asked === undefined || answered === undefined || logits === undefined) throw new RangeError('no names');
  const question = {
    texts,
    conversations,
    newTokens: NEW_TOKENS,
    logitTokens,
    tokenizerFile: path.join(eightBit.base.folder, TOKENIZER_FILE),
    isSmolLm: path.basename(file).startsWith('SmolLM2'),
  };
  writeFileSync(asked, JSON.stringify(question));
  const script = path.join(import.meta.dirname, '../python/gguf_model.py');
  execFileSync(python, [script, file, asked, answered, logits], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' },
  });
  const referee = answeredSchema.parse(JSON.parse(readFileSync(answered, 'utf8')));
  const own = texts.map((text) => Array.from(tokenizer.encode(text)));
  const otherThan = (theirs: readonly number[][]): string[] =>
    texts.filter((_, index) => theirs[index]?.join() !== own[index]?.join());
  const otherIds = {
    llamaCpp: otherThan(referee.llamaCpp),
    tokenizersLibrary: otherThan(referee.written),
    published: otherThan(referee.published),
    transformersFromGguf: otherThan(referee.transformers),
  };
  const promptsDiffer = referee.answers.filter(
    ({ text, prompt }) => Array.from(tokenizer.encode(text)).join() !== prompt.join(),
  ).length;
  const eightBitAnswers = await eightBitGreedy(eightBit, referee.answers);
  const float = await openModel(file, { cacheDirectory, precision: 'fp32' });
  const floatAnswers = await floatGreedy(float, referee.answers);
  const expected = new Float32Array(new Uint8Array(readFileSync(logits)).buffer);
  const logitDistance = worst(await logitsOf(float, logitTokens), expected);
  const figures = {
    openingSeconds,
    peakMegabytes,
    textsWithOtherIds: Object.fromEntries(
      Object.entries(otherIds).map(([name, list]) => [name, list.length]),
    ),
    // transformers 5 does not know the pre-tokeniser and leaves digits together.
    ofTransformersWithoutDigits: otherIds.transformersFromGguf.filter((text) => !/\p{N}/u.test(text)).length,
    promptsWithOtherIds: promptsDiffer,
    logitDistance,
    fp32Answers: compareAnswers(float, referee.answers, floatAnswers, ({ inFp32 }) => inFp32),
    eightBitAnswers: compareAnswers(eightBit, referee.answers, eightBitAnswers, ({ tokens }) => tokens),
  };
  const equal = [otherIds.llamaCpp, otherIds.tokenizersLibrary, otherIds.published].every(
    ({ length }) => length === 0,
  );
  const passes =
    equal &&
    promptsDiffer === 0 &&
    figures.ofTransformersWithoutDigits === 0 &&
    logitDistance <= LOGIT_LIMIT &&
    figures.fp32Answers.every(({ equalTokens, of }) => equalTokens === of);
  return { figures, passes };
}

/** [positions, vocabulary] */
async function logitsOf(model: Model, tokens: readonly number[]): Promise<Float32Array> {
  const prefixes = tokens.map((_, index) => tokens.slice(0, index + 1));
  const rows = await withLogits(model, tokens.length, async (logits) => await logits(prefixes));
  return Float32Array.from(rows.flatMap((row) => Array.from(row)));
}

function worst(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  return found.reduce((most, value, index) => Math.max(most, Math.abs(value - (expected[index] ?? NaN))), 0);
}
