/** The prompts that PPO rolls out: plain, tokenised once, the long ones dropped; behind both affixes where these give the reward. */
import { contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import type { ContrastSettings } from '../../../shared/principles/contrast.ts';
import type { Model } from '../../llama/weights/model.ts';
import { sidePrompts, type SideTokens } from '../contrast/side-prompts.ts';
import type { Prompt } from '../prompt.ts';
import { encodePrompt } from '../prompt-tokens.ts';
import { closingTokens } from '../response-text.ts';
import { usablePrompts, type UsablePrompts } from '../usable-prompts.ts';

/** A prompt as a policy reads it. */
export interface RolloutPrompt extends Prompt {
  readonly tokens: Int32Array;
  /** Where the contrast is the reward. */
  readonly sides?: SideTokens;
}

/** What the contrast of responses is taken by. */
export interface RolloutContrast {
  readonly affixPairs: ContrastSettings['affixPairs'];
  readonly seed: number;
}

/**
 * Plain prompts as tokens. Those that are too long are dropped whole, as in the paper, never cut: a dialogue must keep
 * its beginning and end in `Assistant:`.
 *
 * @param contrast where the contrast is the reward: each prompt then has its sides, too, by a pair that its place draws
 * @throws AlgorithmInputError if no prompt is of use
 */
export function rolloutPrompts(
  prompts: readonly Prompt[],
  { tokenizer, architecture }: Pick<Model, 'tokenizer' | 'architecture'>,
  parameters: Pick<
    TaskParameters<'ppo'>,
    'promptForm' | 'placement' | 'responseOpening' | 'maximumNewTokens'
  > & { readonly maximumPromptTokens?: number },
  contrast: RolloutContrast | null,
): UsablePrompts<RolloutPrompt> {
  const {
    promptForm,
    placement,
    responseOpening,
    maximumPromptTokens = Infinity,
    maximumNewTokens,
  } = parameters;
  const room = architecture.maximumPositions - maximumNewTokens;
  const maximumTokens = Math.min(maximumPromptTokens, room);
  const nothing = { positive: '', negative: '' };
  const rows = prompts.map((prompt, row) => ({ ...prompt, row }));
  return usablePrompts(rows, ({ id, text, row }) => {
    const { plain } = contrastPrompts({ form: promptForm, responseOpening }, nothing, text);
    const prompt = { id, text: plain, tokens: encodePrompt(tokenizer, plain, { name: id, maximumTokens }) };
    if (contrast === null) return prompt;
    const { affixPairs, seed } = contrast;
    // What closes a response is read behind it.
    const limits = { seed, maximumTokens: room - closingTokens(tokenizer, promptForm).length };
    const settings = { promptForm, placement, responseOpening, affixPairs };
    const { positive, negative } = sidePrompts(tokenizer, settings, { id, text, row }, limits);
    return { ...prompt, sides: { positive, negative } };
  });
}
