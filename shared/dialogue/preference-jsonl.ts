/** Preference pairs as Hugging Face style JSON lines: `prompt`, `chosen`, `rejected`, `label_probability`. */
import { DialogueFormatError } from './errors.ts';
import { parseJsonLines, stringField } from './json-lines.ts';
import type { PreferencePair } from './preference-pair.ts';

/**
 * Reads pairs; `label_probability` (P(chosen is better)) may be absent and is then 1; further columns are ignored.
 *
 * @throws DialogueFormatError naming line and field
 */
export function parsePreferenceJsonl(text: string): PreferencePair[] {
  return parseJsonLines(text).map((line) => {
    const probability = line.row['label_probability'] ?? 1;
    if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
      throw new DialogueFormatError(
        `line ${line.line}: field "label_probability" must be a number in 0..1, got ${JSON.stringify(probability)}`,
      );
    }
    return {
      prompt: stringField(line, 'prompt'),
      chosen: stringField(line, 'chosen'),
      rejected: stringField(line, 'rejected'),
      labelProbability: probability,
    };
  });
}

/** Writes pairs, one JSON object a line, each line ended by a newline. */
export function formatPreferenceJsonl(pairs: readonly PreferencePair[]): string {
  return pairs
    .map(({ prompt, chosen, rejected, labelProbability }) =>
      JSON.stringify({ prompt, chosen, rejected, label_probability: labelProbability }).concat('\n'),
    )
    .join('');
}
