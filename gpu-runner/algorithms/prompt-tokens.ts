/** Prompts as token ids, checked to leave room for a response. */
import { ChatTemplateError } from '../llama/tokenizer/chat-template.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { UnusablePromptError } from './usable-prompts.ts';

/**
 * Ids of a prompt, begun as the model's texts begin.
 *
 * @param limits `name` of the prompt for the error; `maximumTokens` that leave room for the response
 * @throws UnusablePromptError if the prompt is empty or too long, or the model's template refuses its turns
 */
export function encodePrompt(
  tokenizer: Tokenizer,
  text: string,
  limits: { readonly name: string; readonly maximumTokens: number },
): Int32Array {
  const tokens = promptTokens(tokenizer, text, limits.name);
  if (tokens.length === 0)
    throw new UnusablePromptError('no-token', `prompt ${limits.name} has no token: remove empty prompts`);
  if (tokens.length > limits.maximumTokens) {
    throw new UnusablePromptError(
      'too-long',
      `prompt ${limits.name} has ${tokens.length} tokens, the model's context leaves room for ${limits.maximumTokens} ` +
        'beside the response: shorten the prompt or ask for fewer new tokens',
    );
  }
  return tokens;
}

function promptTokens(tokenizer: Tokenizer, text: string, name: string): Int32Array {
  try {
    return tokenizer.encodePrompt(text);
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    throw new UnusablePromptError('template', `prompt ${name}: ${error.message}`, { cause: error });
  }
}
