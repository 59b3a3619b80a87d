/** What the chosen prompts are, and what they are too few for: said before anybody looks or starts. */
import type { FieldError } from '../../../../shared/api/field-errors.ts';
import { stagesOf } from '../../../../shared/method-stages.ts';
import {
  faultsOfPrompts,
  limitedBy,
  promptNeeds,
  type PromptNeed,
} from '../../../../shared/planner/prompt-needs.ts';
import { settingsOf } from '../../../../shared/planner/work.ts';
import type { PromptSet } from '../../app/types.ts';
import { hyperparametersOf, type ExperimentDraft } from './draft.ts';

interface PromptsOfDraft {
  /** In words; undefined where nothing is chosen. */
  readonly counts: string | undefined;
  /** As the API refuses them, which counts a prompt that stands there twice once where that matters. */
  readonly faults: readonly FieldError[];
  /** How many comparisons a verdict is made of; undefined for a method without one. */
  readonly comparisons: number | undefined;
}

/** By its id or its name. */
export function promptSetOf(
  { promptSet }: Pick<ExperimentDraft, 'promptSet'>,
  sets: readonly PromptSet[],
): PromptSet | undefined {
  return sets.find(({ id, name }) => id === promptSet || name === promptSet);
}

export function promptsOf(draft: ExperimentDraft, sets: readonly PromptSet[]): PromptsOfDraft {
  const set = promptSetOf(draft, sets);
  if (!set) return { counts: undefined, faults: [], comparisons: undefined };
  const { name, splitRule, counts } = set;
  const hyperparameters = hyperparametersOf(draft);
  const needs = promptNeeds(stagesOf(draft.method, { scorer: draft.scorer, hyperparameters }));
  const count = ({ split }: PromptNeed) => counts[split];
  const allowed = (need: PromptNeed) => {
    const settings = settingsOf(limitedBy(need.reader), hyperparameters);
    const limit = 'promptLimit' in settings ? settings.promptLimit : null;
    return Math.min(count(need), limit ?? Infinity);
  };
  const judge = needs.find(({ stage }) => stage === 'judge');
  return {
    counts: `${counts.train} to train, ${counts.dev} to choose by (dev), ${counts.test} to test`,
    faults: faultsOfPrompts(needs, { name, rule: splitRule.rule, count, allowed }),
    comparisons: judge && allowed(judge),
  };
}
