/** The prompts that PPO rolls out: plain, tokenised once, the long ones dropped. */
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import type { Model } from '../../llama/weights/model.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { Prompt } from '../prompt.ts';

/**
 * Plain prompts as tokens. Those that are too long are dropped whole, as in the paper, never cut: a dialogue must keep
 * its beginning and end in `Assistant:`.
 *
 * @throws DialogueFormatError for a dialogue that ends otherwise; AlgorithmInputError if every prompt is too long
 */
export function rolloutPrompts(
  prompts: readonly Prompt[],
  { tokenizer, architecture }: Pick<Model, 'tokenizer' | 'architecture'>,
  parameters: Pick<
    TaskParameters<'ppo'>,
    'promptForm' | 'responseOpening' | 'maximumPromptTokens' | 'maximumNewTokens'
  >,
): (Prompt & { readonly tokens: Int32Array })[] {
  const { promptForm: form, responseOpening, maximumPromptTokens, maximumNewTokens } = parameters;
  const limit = Math.min(maximumPromptTokens, architecture.maximumPositions - maximumNewTokens);
  const nothing = { positive: '', negative: '' };
  const kept = prompts.flatMap(({ id, text }) => {
    const { plain } = contrastPrompts({ form, responseOpening }, nothing, text);
    const tokens = tokenizer.encode(plain, { bos: tokenizer.startsWithBos });
    return tokens.length > limit ? [] : [{ id, text: plain, tokens }];
  });
  if (kept.length > 0) return kept;
  throw new AlgorithmInputError(
    `every prompt has more than ${limit} tokens (maximumPromptTokens ${maximumPromptTokens}, context ` +
      `${architecture.maximumPositions}): raise the one or shorten the prompts`,
  );
}
