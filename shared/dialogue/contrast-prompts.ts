/** The prompts p+, p- and p of one prompt and one affix pair (paper, section 3). */
import { uniform } from '../random.ts';
import type { Placement } from '../principles/placement.ts';
import type { AffixPair, Principle, PromptForm } from '../principles/principle.ts';
import { dialogueText } from '../prompts/turn.ts';
import { DialogueFormatError } from './errors.ts';

const LABEL = '\n\nAssistant:';
const FIRST_LABEL = /(?:^|\n\n)(?:Human|Assistant):/;

/** The three prompts of one contrast; `plain` carries no affix and is what preference model and policy see. */
export interface ContrastPrompts {
  readonly positive: string;
  readonly negative: string;
  readonly plain: string;
}

/**
 * Inserts an affix pair into a prompt.
 *
 * Dialogue and chat form: the final `\n\nAssistant:` becomes `\n\nAssistant {positive}:` and EVERY EARLIER one
 * `\n\nAssistant {negative}:`, so that the last turn contrasts with the history; the negative side mirrors this.
 * Prefix form: affix + prompt. In a chat the affix may stand elsewhere (placement.ts), and earlier turns then stay as they
 * are.
 *
 * @param principle `placement` is the label unless given, and for chats alone
 * @param prompt in the dialogue form one that does not end with `\n\nAssistant:` becomes one that does (dialogueText)
 * @throws DialogueFormatError if the assistant has spoken last in it
 */
export function contrastPrompts(
  principle: Pick<Principle, 'responseOpening'> & {
    readonly form: PromptForm;
    readonly placement?: Placement | undefined;
  },
  pair: Pick<AffixPair, 'positive' | 'negative'>,
  prompt: string,
): ContrastPrompts {
  const { positive, negative } = pair;
  if (principle.form === 'prefix') {
    return { positive: positive + prompt, negative: negative + prompt, plain: prompt };
  }
  const dialogue = dialogueText(prompt);
  if (dialogue === null) {
    throw new DialogueFormatError(
      `a dialogue prompt must end with "\\n\\nAssistant:" or with the user's turn, got ` +
        `${JSON.stringify(prompt.slice(-40))}: cut it after its last label "Assistant:"`,
    );
  }
  const history = dialogue.slice(0, -LABEL.length);
  const opening = principle.responseOpening === '' ? '' : ` ${principle.responseOpening}`;
  const put = PUT[principle.placement ?? 'label'];
  return {
    positive: put(history, positive, negative) + opening,
    negative: put(history, negative, positive) + opening,
    plain: dialogue + opening,
  };
}

/** A dialogue up to its last turn, and that turn's label, with the affix of a side and the opposite one. */
const PUT: Readonly<Record<Placement, (history: string, affix: string, opposite: string) => string>> = {
  label: (history, affix, opposite) =>
    `${history.replaceAll(LABEL, () => `\n\nAssistant ${opposite}:`)}\n\nAssistant ${affix}:`,
  system(history, affix) {
    const first = history.search(FIRST_LABEL);
    const system = first < 0 ? '' : history.slice(0, first).trim();
    const turns = first < 0 ? history : history.slice(first).trimStart();
    return `${system === '' ? '' : `${system}\n\n`}${affix}\n\n${turns}${LABEL}`;
  },
  user: (history, affix) => `${history} ${affix}${LABEL}`,
  answer: (history, affix) => `${history}${LABEL} ${affix}`,
};

/** Stream of the generator that draws affix pairs; part of what "same seed, same bytes" rests on. */
const AFFIX_STREAM = 0x5aff1;

/**
 * Index of the affix pair of a prompt, uniform over the pairs: a function of (seed, row) alone, so the same for
 * both sides and for any batch or shard.
 */
export function affixPairIndex(pairCount: number, seed: number, row: number): number {
  return Math.floor(uniform(seed, AFFIX_STREAM, row) * pairCount);
}
