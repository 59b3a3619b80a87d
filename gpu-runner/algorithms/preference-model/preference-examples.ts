/** Preference pairs as the tokens that the preference model reads. */
import type { z } from 'zod';
import type { preferencePairLine } from '../../../shared/api/tasks/simulate.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { continuationTokens } from '../continuation-tokens.ts';

export type PreferencePairLine = z.infer<typeof preferencePairLine>;

export interface PreferenceExample {
  readonly prompt: string;
  /** Prompt and response, begun as the model's texts begin; the score is read at the last token. */
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
  readonly labelProbability: number;
  /** Tokens of the responses alone. */
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
  /** What the pair's provenance names as its source; `simulated` where it names none. */
  readonly source: string;
}

/** A pair's plain prompt and both responses as tokens, as the preference model reads them one behind the other. */
export function pairTokens(
  tokenizer: Tokenizer,
  form: PromptForm,
  pair: Pick<PreferencePairLine, 'prompt' | 'chosen' | 'rejected'>,
): { readonly prompt: Int32Array; readonly chosen: Int32Array; readonly rejected: Int32Array } {
  const prompt = tokenizer.encode(pair.prompt, { bos: tokenizer.startsWithBos });
  const side = (response: string) =>
    continuationTokens(tokenizer, prompt, preferenceText(form, '', response));
  return { prompt, chosen: side(pair.chosen), rejected: side(pair.rejected) };
}

/**
 * Tokenises pairs once, prompt and response apart; pairs of more than `maximumLength` tokens are left out.
 *
 * @throws AlgorithmInputError if the pairs hold no preference at all, or none is short enough
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
    const { prompt, chosen, rejected } = pairTokens(tokenizer, form, pair);
    if (prompt.length + Math.max(chosen.length, rejected.length) > maximumLength) return [];
    return [
      {
        prompt: pair.prompt,
        chosen: Int32Array.of(...prompt, ...chosen),
        rejected: Int32Array.of(...prompt, ...rejected),
        labelProbability: pair.labelProbability,
        chosenTokens: chosen.length,
        rejectedTokens: rejected.length,
        source: typeof pair.provenance?.['source'] === 'string' ? pair.provenance['source'] : 'simulated',
      },
    ];
  });
  if (examples.length === 0) {
    throw new AlgorithmInputError(
      `all ${pairs.length} pairs have more than ${maximumLength} tokens: raise maximumLength`,
    );
  }
  return examples;
}
