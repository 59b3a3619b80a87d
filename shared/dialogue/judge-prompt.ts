/** The paper's judge prompt and its parser. */
import { judgeTexts } from '../principles/scoring-prompts.ts';
import type { JudgeQuestion } from '../principles/scoring-prompts.ts';
import { fillTemplate } from '../text/fill-template.ts';
import { DialogueFormatError } from './errors.ts';
import { withoutGuards } from './turn-text.ts';

const collapse = (text: string) => text.replaceAll(/\n{2,}/g, '\n');

/**
 * The user message for the judge. Runs of blank lines inside turns and outputs are collapsed first, the blank line in
 * front of each label is put back, and the conversation is shown without its last `Assistant:`. For outlines the
 * responses include their opening.
 *
 * @throws DialogueFormatError if no `Assistant:` occurs in the conversation
 */
export function judgePrompt(
  question: JudgeQuestion,
  parts: { conversation: string; first: string; second: string },
): string {
  const conversation = collapse(withoutGuards(parts.conversation))
    .replaceAll('\nHuman:', '\n\nHuman:')
    .replaceAll('\nAssistant:', '\n\nAssistant:');
  const last = conversation.lastIndexOf('Assistant:');
  if (last < 0) {
    throw new DialogueFormatError(
      'the judged conversation must end with the label "Assistant:": judge whole HH prompts',
    );
  }
  return (
    judgeTexts.preamble +
    conversation.slice(0, last).trim() +
    fillTemplate(judgeTexts.options, { first: collapse(parts.first), second: collapse(parts.second) }) +
    judgeTexts.questions[question]
  );
}

/** `A`, `B`, or null when the answer cannot be read (it then counts half for each side). */
export function parseJudgeAnswer(answer: string): 'A' | 'B' | null {
  if (answer.startsWith('(A)') || answer.startsWith('Response (A)')) return 'A';
  if (answer.startsWith('(B)') || answer.startsWith('Response (B)')) return 'B';
  const however = answer.indexOf('However');
  if (however < 0) return null;
  const rest = answer.slice(however).replaceAll('than (A)', '').replaceAll('than (B)', '');
  const [a, b] = [rest.includes('(A)'), rest.includes('(B)')];
  if (a === b) return null;
  return a ? 'A' : 'B';
}
