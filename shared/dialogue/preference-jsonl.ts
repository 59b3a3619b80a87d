/** Preference pairs as Hugging Face style JSON lines: `prompt`, `chosen`, `rejected`, `label_probability`. */
import type { PreferencePair } from './preference-pair.ts';

/** Writes pairs, one JSON object a line, each line ended by a newline. */
export function formatPreferenceJsonl(pairs: readonly PreferencePair[]): string {
  return pairs
    .map(({ prompt, chosen, rejected, labelProbability }) =>
      JSON.stringify({ prompt, chosen, rejected, label_probability: labelProbability }).concat('\n'),
    )
    .join('');
}
