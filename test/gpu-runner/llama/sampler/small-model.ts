/** A small random base for the sampler's tests, and a request over it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Architecture } from '../../../../gpu-runner/llama/model/architecture.ts';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { writeRandomBase } from '../../../fixtures/random-base.ts';
import type { BaseFile } from '../../../../gpu-runner/llama/weights/base-file.ts';
import { type EndAutomaton, textAutomaton } from '../../../../gpu-runner/llama/sampler/end-automaton.ts';
import type { SamplingRequest } from '../../../../gpu-runner/llama/sampler/request.ts';
import type { Rollout } from '../../../../gpu-runner/llama/sampler/rollout.ts';

export const smallShape: Architecture = {
  ...namedShapes.m3,
  vocabularySize: 160,
  hiddenSize: 64,
  intermediateSize: 96,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headSize: 16,
  rope: { ...namedShapes.m3.rope, rotarySize: 16 },
  maximumPositions: 256,
};

/** Weights of seed 3 in a new folder; with `folder`, there. */
export async function smallBase(folder?: string): Promise<BaseFile> {
  const target = folder ?? path.join(await mkdtemp(path.join(tmpdir(), 'rlcd-sampler-')), 'base');
  return await writeRandomBase(target, smallShape, 'int8', 3);
}

/** `rows` prompts of different lengths. */
export function smallRequest(rows: number, changes: Partial<SamplingRequest> = {}): SamplingRequest {
  const { vocabularySize } = smallShape;
  return {
    prompts: Array.from({ length: rows }, (_, row) =>
      Int32Array.from(
        { length: 1 + ((row * 5) % 37) },
        (_unused, index) => (row * 31 + index * 17 + 3) % vocabularySize,
      ),
    ),
    maximumNewTokens: 40,
    seed: 11,
    rowIds: Array.from({ length: rows }, (_, row) => 1000 + row),
    ...changes,
  };
}

/** The tokens of one row. */
export function rowTokens({ tokens, width, lengths }: Rollout, row: number): number[] {
  return Array.from(tokens.slice(row * width, row * width + (lengths[row] ?? 0)));
}

/** What a row drew and with which log-probabilities. */
export function drawnRow(rollout: Rollout, row: number): { tokens: number[]; logProbabilities: number[] } {
  const start = row * rollout.width;
  const tokens = rowTokens(rollout, row);
  return {
    tokens,
    logProbabilities: Array.from(rollout.logProbabilities.slice(start, start + tokens.length)),
  };
}

/** Ends rows at these sequences of tokens and at the model's end tokens: token t is written as the character t. */
export function endsAt(
  sequences: readonly (readonly number[])[],
  endTokens = smallShape.eosTokens,
): EndAutomaton {
  const { vocabularySize } = smallShape;
  const texts = sequences.map((sequence) => String.fromCharCode(...sequence));
  const tokenTexts = Array.from({ length: vocabularySize }, (_, token) => String.fromCharCode(token));
  return textAutomaton(texts, tokenTexts, endTokens, vocabularySize);
}
