/** The prompts that PPO rolls out: plain, tokenised once, the long ones dropped. */
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import type { Model } from '../../llama/weights/model.ts';
import type { Prompt } from '../prompt.ts';
import { encodePrompt } from '../prompt-tokens.ts';
import { usablePrompts, type UsablePrompts } from '../usable-prompts.ts';

/**
 * Plain prompts as tokens. Those that are too long are dropped whole, as in the paper, never cut: a dialogue must keep
 * its beginning and end in `Assistant:`.
 *
 * @throws AlgorithmInputError if no prompt is of use
 */
export function rolloutPrompts(
  prompts: readonly Prompt[],
  { tokenizer, architecture }: Pick<Model, 'tokenizer' | 'architecture'>,
  parameters: Pick<
    TaskParameters<'ppo'>,
    'promptForm' | 'responseOpening' | 'maximumPromptTokens' | 'maximumNewTokens'
  >,
): UsablePrompts<Prompt & { readonly tokens: Int32Array }> {
  const { promptForm: form, responseOpening, maximumPromptTokens, maximumNewTokens } = parameters;
  const limit = Math.min(maximumPromptTokens, architecture.maximumPositions - maximumNewTokens);
  const nothing = { positive: '', negative: '' };
  return usablePrompts(prompts, ({ id, text }) => {
    const { plain } = contrastPrompts({ form, responseOpening }, nothing, text);
    return { id, text: plain, tokens: encodePrompt(tokenizer, plain, { name: id, maximumTokens: limit }) };
  });
}
