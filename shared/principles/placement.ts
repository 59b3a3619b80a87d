/** Where the affixes of a principle go in a chat. */
import { UserError } from '../user-error.ts';
import type { PromptForm } from './principle.ts';

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
