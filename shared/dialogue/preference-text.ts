/** What the preference model reads: plain prompt and response, without any affix. */
import { NEXT_TURN } from './terminal-text.ts';
import type { PromptForm } from '../principles/principle.ts';

/**
 * The text of one side of a pair; BOS goes in front, no EOS follows, the score is read at its last position.
 * Chat: no space, since the template ends the label. Dialogue: `prompt + " " + response.trimEnd() + "\n\nHuman:"`. Prefix (stories): `prompt + " " + response.trim()`.
 */
export function preferenceText(form: PromptForm, prompt: string, response: string): string {
  if (form === 'chat') return `${prompt}${response.trim()}${NEXT_TURN}`;
  return form === 'dialogue' ? `${prompt} ${response.trimEnd()}${NEXT_TURN}` : `${prompt} ${response.trim()}`;
}
