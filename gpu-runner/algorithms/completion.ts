/** One generated response to one prompt of a split, as stages hand it on (a line of completions JSONL). */
import type { z } from 'zod';
import type { completionLine } from '../../shared/api/tasks/generate.ts';
import { contrastPrompts } from '../../shared/dialogue/contrast-prompts.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import { scoredCount } from '../llama/model/sequence.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import type { Generation } from './generation.ts';
import type { PromptRow } from './prompt.ts';
import { encodePrompt } from './prompt-tokens.ts';
import { usablePrompts, type UsablePrompts } from './usable-prompts.ts';

export type Completion = z.infer<typeof completionLine>;

/** A prompt as a model that answers it gets it: plain, with the responses' common opening. */
interface GenerationPrompt extends PromptRow {
  readonly tokens: Int32Array;
}

/**
 * The prompts of a shard as text and tokens, without those that leave no room for the response or cannot be said.
 *
 * @throws AlgorithmInputError if there is none of use
 */
export function generationPrompts(
  prompts: readonly PromptRow[],
  settings: {
    readonly promptForm: PromptForm;
    readonly responseOpening: string;
    readonly maximumNewTokens: number;
    readonly contextLength: number;
  },
  tokenizer: Tokenizer,
): UsablePrompts<GenerationPrompt> {
  if (prompts.length === 0) {
    throw new AlgorithmInputError('this shard has no prompt: use fewer shards than prompts');
  }
  const { promptForm: form, responseOpening, maximumNewTokens, contextLength } = settings;
  const nothing = { positive: '', negative: '' };
  return usablePrompts(prompts, ({ id, text, row }) => {
    const { plain } = contrastPrompts({ form, responseOpening }, nothing, text);
    const limits = { name: id, maximumTokens: contextLength - maximumNewTokens };
    return { id, text: plain, row, tokens: encodePrompt(tokenizer, plain, limits) };
  });
}

const STOP = /\n\nHuman:$/;

/** The completion of a prompt by a sampled response and its text. */
export function completionOf(
  prompt: Pick<PromptRow, 'id' | 'text'>,
  generation: Generation,
  { text, ended }: { readonly text: string; readonly ended: boolean },
): Completion {
  return {
    promptId: prompt.id,
    prompt: prompt.text,
    completion: text.replace(STOP, '').trim(),
    tokens: scoredCount(generation.sequence),
    ended,
    baseLogProbability: generation.referenceLogProbabilities.reduce((sum, value) => sum + value, 0),
  };
}
