/** A prompt behind both affixes of a pair, as tokens: where contrasts are sampled, measured and made a reward of. */
import type { ContrastSettings } from '../../../shared/principles/contrast.ts';
import { placementIn } from '../../../shared/principles/placement.ts';
import { affixPairIndex, contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { encodePrompt } from '../prompt-tokens.ts';
import type { PromptRow } from '../prompt.ts';

/** Tokens of a prompt towards the principle and away from it. */
export interface SideTokens {
  readonly positive: Int32Array;
  readonly negative: Int32Array;
}

/** A prompt with the tokens of its sides. */
export interface SidePrompts extends SideTokens {
  readonly row: number;
  /** Without an affix. */
  readonly plain: string;
}

/**
 * Puts an affix pair into a prompt; which of several is a function of (seed, row), as in the simulation.
 *
 * @param maximumTokens that leave room for the response
 * @throws UnusablePromptError, DialogueFormatError for a prompt without use; PlacementError for a placement that the form has
 *   not
 */
export function sidePrompts(
  tokenizer: Tokenizer,
  { promptForm: form, responseOpening, affixPairs, ...contrast }: ContrastSettings,
  { id, text, row }: PromptRow,
  { seed, maximumTokens }: { readonly seed: number; readonly maximumTokens: number },
): SidePrompts {
  const placement = placementIn(form, contrast.placement);
  const pair = affixPairs[affixPairIndex(affixPairs.length, seed, row)];
  if (pair === undefined) throw new AlgorithmInputError('a contrast needs one affix pair or more');
  const { plain, positive, negative } = contrastPrompts({ form, responseOpening, placement }, pair, text);
  const encode = (prompt: string) => encodePrompt(tokenizer, prompt, { name: id, maximumTokens });
  return { row, plain, positive: encode(positive), negative: encode(negative) };
}
