/** Prompts as token ids, checked to leave room for a response. */
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { UnusablePromptError } from './usable-prompts.ts';

/**
 * Ids of a prompt, begun as the model's texts begin.
 *
 * @param limits `name` of the prompt for the error; `maximumTokens` that leave room for the response
 * @throws UnusablePromptError if the prompt is empty or too long, or its text holds the token that ends texts
 */
export function encodePrompt(
  tokenizer: Tokenizer,
  text: string,
  limits: { readonly name: string; readonly maximumTokens: number },
): Int32Array {
  const tokens = tokenizer.encodePrompt(text);
  if (tokens.length === 0)
    throw new UnusablePromptError('no-token', `prompt ${limits.name} has no token: remove empty prompts`);
  const holdsEnd = tokens.some((token, place) => place > 0 && tokenizer.eosTokens.includes(token));
  if (holdsEnd && !tokenizer.endsTurns) {
    const fault = `prompt ${limits.name} holds the text of the token that ends the model's texts: remove it`;
    throw new UnusablePromptError('special-text', fault);
  }
  if (tokens.length > limits.maximumTokens) {
    throw new UnusablePromptError(
      'too-long',
      `prompt ${limits.name} has ${tokens.length} tokens, the model's context leaves room for ${limits.maximumTokens} ` +
        'beside the response: shorten the prompt or ask for fewer new tokens',
    );
  }
  return tokens;
}
