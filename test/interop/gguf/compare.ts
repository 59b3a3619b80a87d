/**
 * One GGUF file here, in transformers and in llama.cpp: ids of 1,000 texts, fp32 logits, greedy answers.
 *
 * `node test/interop/gguf/compare.ts PYTHON MODEL.gguf` prints the figures and ends with 1 where they are not as promised.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { adapterLayout } from '../../../gpu-runner/llama/model/lora-layout.ts';
import { rowTokens } from '../../../gpu-runner/llama/sampler/rollout.ts';
import { Sampler } from '../../../gpu-runner/llama/sampler/sampler.ts';
import { ForwardPass } from '../../../gpu-runner/llama/trainer/forward-pass.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { conversations } from './conversations.ts';
import { mixedTexts } from './mixed-texts.ts';

const TEXTS = 1000;
const NEW_TOKENS = 20;
const LOGIT_POSITIONS = 64;
const LOGIT_LIMIT = 1e-3;
const THREADS = 2;

const ids = z.array(z.int());
const answeredSchema = z.object({
  transformers: z.array(ids),
  llamaCpp: z.array(ids),
  answers: z.array(
    z.object({
      text: z.string(),
      prompt: ids,
      tokens: ids,
      best: z.array(z.array(z.tuple([z.int(), z.number()]))),
    }),
  ),
});
type Answered = z.infer<typeof answeredSchema>;

const [python = '', file = ''] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-interop-gguf-'));
try {
  process.exitCode = (await compare()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

async function compare(): Promise<boolean> {
  const cacheDirectory = path.join(folder, 'cache');
  const began = performance.now();
  const eightBit = await openModel(file, { cacheDirectory });
  const openingSeconds = (performance.now() - began) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  const texts = mixedTexts(TEXTS);
  const { tokenizer } = eightBit;
  const logitTokens = Array.from(tokenizer.encode(texts.join('\n')).slice(0, LOGIT_POSITIONS));
  const [asked, answered, logits] = ['asked.json', 'answered.json', 'logits.bin'].map((name) => path.join(folder, name));
  if (asked === undefined || answered === undefined || logits === undefined) throw new RangeError('no names');
  writeFileSync(asked, JSON.stringify({ texts, conversations, newTokens: NEW_TOKENS, logitTokens }));
  const script = path.join(import.meta.dirname, '../python/gguf_model.py');
  execFileSync(python, [script, file, asked, answered, logits], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' },
  });
  const referee = answeredSchema.parse(JSON.parse(readFileSync(answered, 'utf8')));
  const own = texts.map((text) => Array.from(tokenizer.encode(text)));
  const otherThan = (theirs: readonly number[][]): string[] =>
    texts.filter((_, index) => theirs[index]?.join() !== own[index]?.join());
  const tokens = { transformers: otherThan(referee.transformers), llamaCpp: otherThan(referee.llamaCpp) };
  const promptsDiffer = referee.answers.filter(
    ({ text, prompt }) => Array.from(tokenizer.encode(text)).join() !== prompt.join(),
  ).length;
  const answers = await greedyAnswers(eightBit, referee.answers);
  const float = await openModel(file, { cacheDirectory, precision: 'fp32' });
  const expected = new Float32Array(new Uint8Array(readFileSync(logits)).buffer);
  const logitDistance = worst(await logitsOf(float, logitTokens), expected);
  const figures = {
    openingSeconds,
    peakMegabytes,
    textsWithOtherIds: { transformers: tokens.transformers.length, llamaCpp: tokens.llamaCpp.length },
    examples: { transformers: tokens.transformers.slice(0, 5), llamaCpp: tokens.llamaCpp.slice(0, 5) },
    promptsWithOtherIds: promptsDiffer,
    logitDistance,
    answers,
  };
  console.log(JSON.stringify(figures, null, 1));
  return tokens.transformers.length === 0 && promptsDiffer === 0 && logitDistance <= LOGIT_LIMIT;
}

/** How far each answer of the 8-bit model goes with llama.cpp's, and what the two tokens were worth where it stops. */
async function greedyAnswers(model: Model, references: Answered['answers']): Promise<unknown[]> {
  const longest = Math.max(...references.map(({ prompt }) => prompt.length));
  const sampler = await Sampler.open({
    backend: model.backend,
    maximumPositions: longest + NEW_TOKENS,
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
  return references.map(({ tokens, best }, row) => {
    const own = rowTokens(rollout, row);
    let common = 0;
    while (common < tokens.length && own[common] === tokens[common]) common += 1;
    const text = model.tokenizer.decode(tokens);
    if (common === tokens.length) return { equalTokens: common, of: tokens.length, text };
    const scores = new Map(best[common]);
    const margin = (scores.get(tokens[common] ?? -1) ?? NaN) - (scores.get(own[common] ?? -1) ?? NaN);
    return { equalTokens: common, of: tokens.length, text, own: model.tokenizer.decode(own), margin };
  });
}

/** [positions, vocabulary] */
async function logitsOf(model: Model, tokens: readonly number[]): Promise<Float32Array> {
  const layout = adapterLayout(model.architecture, 1, 1);
  const pass = await ForwardPass.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    scoring: 'logits',
    maximumTime: tokens.length,
    microbatchRows: 8,
    session: { threads: THREADS },
  });
  const prefixes = tokens.map((_, index) => tokens.slice(0, index + 1));
  const [rows = []] = await pass.nextLogits(new Float32Array(layout.length), [prefixes]);
  await pass.close();
  return Float32Array.from(rows.flatMap((row) => Array.from(row)));
}

function worst(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  return found.reduce((most, value, index) => Math.max(most, Math.abs(value - (expected[index] ?? NaN))), 0);
}
