/** Preference pairs as the tokens that the preference model reads. */
import type { z } from 'zod';
import type { preferencePairLine } from '../../../shared/api/tasks/simulate.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { longestOf, sequenceOf, type Sequence } from '../../llama/model/sequence.ts';
import { ChatTemplateError } from '../../llama/tokenizer/chat-template.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { continuationTokens, UnsayableTextError } from '../continuation-tokens.ts';

export type PreferencePairLine = z.infer<typeof preferencePairLine>;

export interface PreferenceExample {
  readonly prompt: string;
  readonly chosen: Sequence<Int32Array>;
  readonly rejected: Sequence<Int32Array>;
  /** P(chosen is better). */
  readonly labelProbability: number;
  /** Nats by which both sides together are likelier behind their own prompts, where it was measured. */
  readonly contrast?: number;
  /** What the pair's provenance names as its source; `simulated` where it names none. */
  readonly source: string;
}

/** Both responses of a pair behind its plain prompt, as the preference model reads them. */
export function pairSequences(
  tokenizer: Tokenizer,
  form: PromptForm,
  pair: Pick<PreferencePairLine, 'prompt' | 'chosen' | 'rejected'>,
): { readonly chosen: Sequence<Int32Array>; readonly rejected: Sequence<Int32Array> } {
  const prompt = tokenizer.encodePrompt(pair.prompt);
  const side = (response: string) =>
    sequenceOf(prompt, continuationTokens(tokenizer, prompt, preferenceText(form, '', response)));
  return { chosen: side(pair.chosen), rejected: side(pair.rejected) };
}

/**
 * Tokenises pairs once; pairs of more than `maximumLength` tokens are left out, and so are those with a response that the
 * tokenizer cannot say, or with turns that the chat template refuses.
 *
 * @throws AlgorithmInputError if the pairs hold no preference at all, or none is of use
 */
export function preferenceExamples(
  tokenizer: Tokenizer,
  form: PromptForm,
  pairs: readonly PreferencePairLine[],
  maximumLength: number,
): PreferenceExample[] {
  if (
    !pairs.some(({ labelProbability, chosen, rejected }) => labelProbability !== 0.5 && chosen !== rejected)
  ) {
    throw new AlgorithmInputError(
      `none of ${pairs.length} preference pairs prefers one of two different responses: there is one class only, ` +
        'so nothing to learn; simulate or label again',
    );
  }
  const examples = pairs.flatMap((pair) => {
    const sides = usableSequences(tokenizer, form, pair, maximumLength);
    if (sides === null) return [];
    const { chosen, rejected } = sides;
    const { prompt, labelProbability, provenance } = pair;
    const source = typeof provenance?.['source'] === 'string' ? provenance['source'] : 'simulated';
    const [towards, away] = [provenance?.chosen?.contrast, provenance?.rejected?.contrast];
    const contrast = towards !== undefined && away !== undefined && { contrast: towards + away };
    return [{ prompt, chosen, rejected, labelProbability, source, ...contrast }];
  });
  if (examples.length === 0) {
    throw new AlgorithmInputError(
      `all ${pairs.length} pairs have more than ${maximumLength} tokens: raise maximumLength, or texts that the tokenizer cannot ` +
        'say',
    );
  }
  return examples;
}

/** {@link pairSequences}; null where the pair is left out. */
export function usableSequences(
  tokenizer: Tokenizer,
  form: PromptForm,
  pair: Parameters<typeof pairSequences>[2],
  maximumLength: number,
): ReturnType<typeof pairSequences> | null {
  try {
    const sides = pairSequences(tokenizer, form, pair);
    return longestOf([sides.chosen, sides.rejected]) > maximumLength ? null : sides;
  } catch (error) {
    if (error instanceof UnsayableTextError || error instanceof ChatTemplateError) return null;
    throw error;
  }
}
