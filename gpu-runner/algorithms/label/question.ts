/** How a model is asked which response of a pair is better, whatever the form of the question. */
import { createHash } from 'node:crypto';
import { uniform } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { streamOf } from '../streams.ts';

/** What the model says of one pair. */
export interface PairVerdict {
  /** P(the pair's `chosen` is better). */
  readonly first: number;
  /** One entry for each order in which both were shown; empty where each response was read alone. */
  readonly byOrder: readonly {
    /** P(the pair's `chosen` is better) in this order. */
    readonly first: number;
    /** P(the option shown as A). */
    readonly shownA: number;
    /** Probability that the next token is A or B at all. */
    readonly mass: number;
  }[];
}

export interface PairQuestion {
  /** A verdict for each pair; null where its question is longer than the model's context. */
  ask(pairs: readonly PreferencePairLine[], signal: AbortSignal): Promise<(PairVerdict | null)[]>;
}

/**
 * Counter of the generator for a pair: a function of the pair alone, so shards and batches change nothing, and several
 * pairs of one prompt draw apart.
 */
function pairCounter({ promptId, prompt, chosen, rejected }: PreferencePairLine): number {
  const content = JSON.stringify([promptId, prompt, chosen, rejected]);
  return createHash('sha256').update(content).digest().readUIntBE(0, 6);
}

/** Whether the pair's `chosen` is the option A where one order is asked: a coin of (seed, pair). */
export function chosenIsA(pair: PreferencePairLine, seed: number): boolean {
  return uniform(seed, streamOf('label-order', 0), pairCounter(pair)) < 0.5;
}

/**
 * The instruction for a pair: that of the affix pair it was simulated with, or, where no affix was used, one drawn
 * uniformly by (seed, pair).
 *
 * @param instructions by affix pair of the principle; undefined where a pair has none
 * @throws AlgorithmInputError if the affix pair has no instruction
 */
export function instructionOf(
  pair: PreferencePairLine,
  instructions: readonly (string | undefined)[],
  seed: number,
): string {
  const index =
    pair.affixPair ??
    Math.floor(uniform(seed, streamOf('label-instruction', 0), pairCounter(pair)) * instructions.length);
  const instruction = instructions[index];
  if (instruction !== undefined) return instruction;
  throw new AlgorithmInputError(
    `affix pair ${index} of the principle has no scoringInstruction: add a version of the principle that has one for each`,
  );
}
