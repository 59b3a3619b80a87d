/** The prompt after which a model's `A` and `B` logits label a pair (RLAIF, RLCD-Rescore). */
import { rlaifScoringTemplate } from '../principles/scoring-prompts.ts';
import { withoutGuards } from './turn-text.ts';
import { fillTemplate } from '../text/fill-template.ts';

/** What is asked of one pair. */
export interface ScoringQuestion {
  readonly prompt: string;
  readonly instruction: string;
  readonly responseA: string;
  readonly responseB: string;
}

/** A solved example: which of two responses to a prompt is better. */
export interface ScoringExample {
  readonly prompt: string;
  readonly better: string;
  readonly worse: string;
}

const BETWEEN_QUESTIONS = '\n\n\n\n';

/** Fills the scoring template; every part is stripped, as in the official code. */
export function scoringPrompt({ prompt, instruction, responseA, responseB }: ScoringQuestion): string {
  return fillTemplate(rlaifScoringTemplate, {
    prompt: withoutGuards(prompt).trim(),
    instruction: instruction.trim(),
    responseA: responseA.trim(),
    responseB: responseB.trim(),
  });
}

/**
 * The same question behind solved ones (few-shot RLAIF): each example is asked with the question's own instruction and
 * answered, `A)` or `B)`. The better response stands at A in the first example, at B in the second, and so on, so that
 * the examples favour neither letter. How the examples are joined is ours; without examples it is the paper's prompt.
 */
export function fewShotScoringPrompt(examples: readonly ScoringExample[], question: ScoringQuestion): string {
  const solved = examples.map(({ prompt, better, worse }, index) => {
    const betterFirst = index % 2 === 0;
    const [responseA, responseB] = betterFirst ? [better, worse] : [worse, better];
    const asked = scoringPrompt({ prompt, instruction: question.instruction, responseA, responseB });
    return `${asked}${betterFirst ? 'A' : 'B'})`;
  });
  return [...solved, scoringPrompt(question)].join(BETWEEN_QUESTIONS);
}
