/** Pairs that people labelled: rows of two whole dialogues, as Anthropic HH and the HHH comparisons have them. */
import { pairOfHhRow } from '../../../shared/dialogue/hh-rows.ts';
import { parseJsonLines, stringField } from '../../../shared/dialogue/json-lines.ts';

export interface HumanPair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

/** The names of the two fields of a row; the first holds the dialogue that people preferred. */
type DialogueFields = readonly [preferred: string, other: string];

export const HH_FIELDS: DialogueFields = ['chosen', 'rejected'];
export const HHH_FIELDS: DialogueFields = ['text_correct', 'text_incorrect'];

/**
 * The pairs of a file in which both dialogues share their prompt and differ in the response.
 *
 * @throws DialogueFormatError naming the line
 */
export function humanPairs(text: string, [preferred, other]: DialogueFields): HumanPair[] {
  return parseJsonLines(text).flatMap((line) => {
    const pair = pairOfHhRow({ chosen: stringField(line, preferred), rejected: stringField(line, other) });
    if (pair === null || pair.chosen === pair.rejected) return [];
    const { prompt, chosen, rejected } = pair;
    return [{ prompt, chosen, rejected }];
  });
}
