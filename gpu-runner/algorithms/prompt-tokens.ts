/** Prompts as token ids, checked to leave room for a response. */
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';

/**
 * Ids of a prompt, begun as the model's texts begin.
 *
 * @param limits `name` of the prompt for the error; `maximumTokens` that leave room for the response
 * @throws AlgorithmInputError if the prompt is empty or too long
 */
export function encodePrompt(
  tokenizer: Tokenizer,
  text: string,
  limits: { readonly name: string; readonly maximumTokens: number },
): Int32Array {
  const tokens = tokenizer.encode(text, { bos: tokenizer.startsWithBos });
  if (tokens.length === 0)
    throw new AlgorithmInputError(`prompt ${limits.name} has no token: remove empty prompts`);
  if (tokens.length > limits.maximumTokens) {
    throw new AlgorithmInputError(
      `prompt ${limits.name} has ${tokens.length} tokens, the model's context leaves room for ${limits.maximumTokens} ` +
        'beside the response: shorten the prompt or ask for fewer new tokens',
    );
  }
  return tokens;
}
