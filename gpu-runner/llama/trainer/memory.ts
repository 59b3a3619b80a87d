/** What a training step needs of memory, by formula: the base, the activations kept for the backward pass, the vocabulary block. */
import type { Architecture } from '../model/architecture.ts';
import { baseLayout } from '../weights/base-layout.ts';
import { projections } from '../model/adapter.ts';
import { blockRowsFor } from './trainer.ts';

/** A micro-batch as memory sees it. */
export interface StepSize {
  /** sequences of all groups together */
  readonly rows: number;
  /** tokens of the longest sequence */
  readonly time: number;
  /** tokens whose log-probability is taken */
  readonly scored: number;
  readonly rank: number;
}

/** Bytes, by what they hold. */
export interface StepMemory {
  /** the 8-bit base with its scales */
  readonly base: number;
  /** results of every layer that the backward pass reads again */
  readonly activations: number;
  /** one block of logits, their scaled form and the probabilities, and the vocabulary's rows in fp32 */
  readonly vocabulary: number;
}

const FLOAT = 4;

/**
 * Memory of an adapter training step over an 8-bit base, N = rows * time tokens:
 *
 * activations = 4 N layers (4 H + 3 A D + 2 G D + 3 F + A time + 7 rank) + 4 scored 3 H,
 * with H hidden, F feed-forward, A heads and G key-value heads of size D: two streams and two norms (4 H); queries,
 * keys, values and the attention's result in two layouts (3 A D + 2 G D); gate, up and their gated product (3 F);
 * attention probabilities (A time); the low-rank middles of the 7 projections.
 *
 * vocabulary = 4 (3 C V + V H), with C rows a block.
 */
export function stepMemory(architecture: Architecture, size: StepSize): StepMemory {
  const { hiddenSize, intermediateSize, layers, heads, keyValueHeads, headSize, vocabularySize } =
    architecture;
  const { rows, time, scored, rank } = size;
  const perToken =
    4 * hiddenSize +
    (3 * heads + 2 * keyValueHeads) * headSize +
    3 * intermediateSize +
    heads * time +
    projections.length * rank;
  const block = 3 * blockRowsFor(architecture) * vocabularySize;
  return {
    base: baseLayout(architecture, 'int8').reduce((sum, { length }) => sum + length, 0),
    activations: FLOAT * (rows * time * layers * perToken + 3 * scored * hiddenSize),
    vocabulary: FLOAT * (block + vocabularySize * hiddenSize),
  };
}
