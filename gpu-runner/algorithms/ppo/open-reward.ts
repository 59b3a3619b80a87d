/** Opens a reward of responses to given prompts: a preference model, or the contrast of the prompts' sides. */
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { Model } from '../../llama/weights/model.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { SideTokens } from '../contrast/side-prompts.ts';
import { PreferenceModel } from '../preference-model/preference-model.ts';
import { closingTokens } from '../response-text.ts';
import { ContrastReward } from './contrast-reward.ts';
import type { RewardModel } from './reward-model.ts';
import type { RolloutPrompt } from './rollout-prompts.ts';

/** A preference model's numbers and the shape of its adapter. */
export interface PreferenceModelVector {
  readonly rank: number;
  readonly alpha: number;
  readonly vector: Float32Array;
}

interface RewardOptions {
  /** Null where the contrast of the prompts' sides is the reward. */
  readonly preferenceModel: PreferenceModelVector | null;
  readonly prompts: readonly RolloutPrompt[];
  readonly promptForm: PromptForm;
  readonly maximumNewTokens: number;
  /** Texts of a preference model that go through the engine together. */
  readonly microbatchRows: number;
}

/** @throws AlgorithmInputError where the contrast is to be the reward and a prompt has no sides */
export async function openReward(model: Model, options: RewardOptions): Promise<RewardModel> {
  const { preferenceModel, prompts, promptForm, maximumNewTokens, microbatchRows } = options;
  const responseTokens = maximumNewTokens + closingTokens(model.tokenizer, promptForm).length;
  if (preferenceModel === null) {
    const { scoreRows } = batchSizes(model);
    const sides = prompts.map(sidesOf);
    return await ContrastReward.open(model, { sides, responseTokens, microbatchRows: scoreRows });
  }
  const longest = prompts.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
  const maximumTime = longest + responseTokens;
  const preferences = await PreferenceModel.open(model, { ...preferenceModel, maximumTime, microbatchRows });
  return {
    score: (texts, signal) =>
      preferences.score(
        texts.map(({ sequence: { tokens } }) => tokens),
        signal,
      ),
    close: () => preferences.close(),
  };
}

function sidesOf({ id, sides }: RolloutPrompt): SideTokens {
  if (sides === undefined) throw new AlgorithmInputError(`prompt ${id} has no sides to contrast`);
  return sides;
}
