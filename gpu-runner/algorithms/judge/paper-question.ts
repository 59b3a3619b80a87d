/** The paper's judging question about a pair, whoever is asked. */
import { judgePrompt } from '../../../shared/dialogue/judge-prompt.ts';
import type { JudgeQuestion } from '../../../shared/principles/scoring-prompts.ts';
import type { JudgedPair } from './pair-judge.ts';

/**
 * @param shownFirst whether the pair's first response stands at (A)
 * @param responseOpening what stands before every response of the task; outlines are judged with it
 * @throws DialogueFormatError if the prompt is no conversation
 */
export function paperQuestion(
  question: JudgeQuestion,
  { prompt, first, second }: JudgedPair,
  shownFirst: boolean,
  responseOpening: string,
): string {
  const [a, b] = shownFirst ? [first, second] : [second, first];
  const conversation = prompt.endsWith(responseOpening)
    ? prompt.slice(0, prompt.length - responseOpening.length)
    : prompt;
  return judgePrompt(question, { conversation, first: responseOpening + a, second: responseOpening + b });
}
