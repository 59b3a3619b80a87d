/** The prompt after which a model's `A` and `B` logits label a pair (RLAIF, RLCD-Rescore). */
import type { PromptForm } from '../principles/principle.ts';
import { rlaifScoringTemplate, storyScoringTemplate } from '../principles/scoring-prompts.ts';
import { fillTemplate } from '../text/fill-template.ts';

/** Fills the scoring template of a form; every part is stripped, as in the official code. */
export function scoringPrompt(
  form: PromptForm,
  parts: { prompt: string; instruction: string; responseA: string; responseB: string },
): string {
  const template = form === 'dialogue' ? rlaifScoringTemplate : storyScoringTemplate;
  return fillTemplate(template, {
    prompt: parts.prompt.trim(),
    instruction: parts.instruction.trim(),
    responseA: parts.responseA.trim(),
    responseB: parts.responseB.trim(),
  });
}
