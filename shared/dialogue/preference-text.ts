/** What the preference model reads: plain prompt and response, without any affix. */
import type { PromptForm } from '../principles/principle.ts';

/**
 * The text of one side of a pair; BOS goes in front, no EOS follows, the score is read at its last position.
 * Dialogue: `prompt + " " + response.trimEnd() + "\n\nHuman:"`. Prefix (stories): `prompt + " " + response.trim()`.
 */
export function preferenceText(form: PromptForm, prompt: string, response: string): string {
  return form === 'dialogue' ? `${prompt} ${response.trimEnd()}\n\nHuman:` : `${prompt} ${response.trim()}`;
}
