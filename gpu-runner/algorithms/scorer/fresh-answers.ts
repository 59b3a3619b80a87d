/** The answers that the base model is asked for beside the simulated pairs, two by two. */
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { Placement } from '../../../shared/principles/placement.ts';
import type { AffixPair, PromptForm } from '../../../shared/principles/principle.ts';
import { integerBelow } from '../../../shared/random.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { GenerationRequest } from '../generation.ts';
import { encodePrompt } from '../prompt-tokens.ts';
import type { PromptRow } from '../prompt.ts';
import { usablePrompts } from '../usable-prompts.ts';
import { streamOf } from '../streams.ts';

/** What is sampled: from `promptTokens`, which may carry an affix, to be scored behind the plain prompt. */
export interface FreshAnswer extends GenerationRequest {
  readonly plainTokens: Int32Array;
}

interface FreshPair {
  readonly source: 'contrast' | 'fresh';
  /** The plain prompt. */
  readonly prompt: string;
  readonly answers: readonly [FreshAnswer, FreshAnswer];
}

interface FreshSettings {
  readonly promptForm: PromptForm;
  readonly placement?: Placement | undefined;
  readonly responseOpening: string;
  readonly maximumNewTokens: number;
  readonly contextLength: number;
  readonly freshRounds: number;
}

/** Answers of a round: both sides of a contrast, and two to the plain prompt. */
const ANSWERS = 4;
/** Rounds that a prompt's streams leave room for: the most that a task may ask for. */
const MOST_ROUNDS = 64;

/**
 * Per round and prompt one pair under an affix pair of its own draw, and one under the plain prompt. An answer depends
 * on (seed, row, round, place) alone.
 *
 * A prompt that leaves no room for the response, or cannot be said, is left out.
 *
 * @throws AlgorithmInputError if there is no prompt of use or no affix pair
 */
export function freshPairs(
  input: {
    readonly prompts: readonly PromptRow[];
    readonly affixPairs: readonly Pick<AffixPair, 'positive' | 'negative'>[];
    readonly seed: number;
  },
  settings: FreshSettings,
  tokenizer: Tokenizer,
): FreshPair[] {
  const { prompts, affixPairs, seed } = input;
  const {
    promptForm: form,
    placement,
    responseOpening,
    maximumNewTokens,
    contextLength,
    freshRounds,
  } = settings;
  if (prompts.length === 0) {
    throw new AlgorithmInputError('this shard has no prompt: use fewer shards than prompts');
  }
  const pairOf = (row: number, round: number) => {
    const stream = streamOf('scorer-affixes', row * MOST_ROUNDS + round);
    const pair = affixPairs[affixPairs.length === 0 ? 0 : integerBelow(affixPairs.length, seed, stream, 0)];
    if (pair !== undefined) return pair;
    throw new AlgorithmInputError('the principle has no affix pair: give at least one');
  };
  return Array.from({ length: freshRounds }, (_, round) =>
    usablePrompts(prompts, ({ id, text, row }): FreshPair[] => {
      const encode = (prompt: string) =>
        encodePrompt(tokenizer, prompt, { name: id, maximumTokens: contextLength - maximumNewTokens });
      const sides = contrastPrompts({ form, responseOpening, placement }, pairOf(row, round), text);
      const plainTokens = encode(sides.plain);
      const answer = (promptTokens: Int32Array, place: number): FreshAnswer => ({
        promptTokens,
        plainTokens,
        stream: streamOf('scorer-samples', (row * MOST_ROUNDS + round) * ANSWERS + place),
      });
      const contrast = [answer(encode(sides.positive), 0), answer(encode(sides.negative), 1)] as const;
      const fresh = [answer(plainTokens, 2), answer(plainTokens, 3)] as const;
      return [
        { source: 'contrast', prompt: sides.plain, answers: contrast },
        { source: 'fresh', prompt: sides.plain, answers: fresh },
      ];
    }).usable.flat(),
  ).flat();
}
