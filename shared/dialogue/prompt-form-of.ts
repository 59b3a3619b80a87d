/** In which form a model is asked. */
import type { PrincipleForm, PromptForm } from '../principles/principle.ts';

/**
 * Dialogues are said through the chat template of a model that has one, and as text to one that has none.
 *
 * @param configuration what a runner told of the model when it was registered
 */
export function promptFormOf(
  form: PrincipleForm,
  configuration: Readonly<Record<string, unknown>> | undefined,
): PromptForm {
  return form === 'dialogue' && configuration?.['chatTemplate'] === true ? 'chat' : form;
}
