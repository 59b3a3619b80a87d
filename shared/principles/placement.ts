/** Where the affixes of a principle go in a chat. */
import { UserError } from '../user-error.ts';
import type { AffixPair, PromptForm } from './principle.ts';

/**
 * - `label`: behind the word with which the template begins the assistant's turn, the opposite side in earlier turns, as in
 *   the paper
 * - `system`: at the end of the system's turn, which it becomes where there is none
 * - `user`: behind the user's last words
 * - `answer`: the beginning of the answer
 */
export const PLACEMENTS = ['label', 'system', 'user', 'answer'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** As in the paper: no other place contrasts better beyond doubt (docs/results/contrast.md). */
const CHAT_DEFAULT: Placement = 'label';

/** A placement that the form of the prompts does not know. */
class PlacementError extends UserError {
  override readonly name = 'PlacementError';
  override readonly code = 'bad-placement';
}

/**
 * Where affixes go in prompts of a form.
 *
 * @param asked what the principle says; undefined where it leaves it to the form
 * @throws PlacementError where prompts of the form have no such place
 */
export function placementIn(form: PromptForm, asked: Placement | undefined): Placement {
  if (asked === undefined) return form === 'chat' ? CHAT_DEFAULT : 'label';
  if (form === 'chat' || (form === 'dialogue' && asked === 'label')) return asked;
  const [fault, cure] =
    form === 'prefix'
      ? ['goes with dialogues, and this principle puts its affixes in front of a text', 'Leave it out']
      : [
          "goes with a model that has a chat template: a dialogue in plain text has the assistant's label alone",
          'Leave placement out, say label, or use a model with a chat template',
        ];
  throw new PlacementError(`placement ${asked} ${fault}`, { cure });
}

/**
 * {@link placementIn} of a principle, whose affixes must be able to stand there: a chat's label ends with its colon, and is
 * one line.
 *
 * @throws PlacementError naming the affix
 */
export function requirePlaceable(
  form: PromptForm,
  {
    placement,
    affixPairs,
  }: { readonly placement?: Placement | undefined; readonly affixPairs: readonly Sides[] },
): void {
  if (placementIn(form, placement) !== 'label' || form !== 'chat') return;
  for (const affix of affixPairs.flatMap(({ positive, negative }) => [positive, negative])) {
    const mark = /[:\r\n]/.exec(affix)?.[0];
    if (mark === undefined) continue;
    throw new PlacementError(
      `the affix ${JSON.stringify(affix.slice(0, 80))} holds ${mark === ':' ? 'a colon' : 'a line break'}, which would end the assistant's label (placement label)`,
      { cure: 'Say it without, or take the placement system, user or answer' },
    );
  }
}

type Sides = Pick<AffixPair, 'positive' | 'negative'>;
