/** What a principle is: a named list of affix pairs and the form in which they enter a prompt. */

/**
 * How an affix enters a prompt.
 * - `dialogue`: into the label of the assistant's turns (`\n\nAssistant {affix}:`), as in the paper
 * - `prefix`: as story text in front of a plain prompt, for models that know no dialogue
 */
export type PrincipleForm = 'dialogue' | 'prefix';

/** The same for a stage: `chat` are dialogues said through the chat template of the model. */
export type PromptForm = PrincipleForm | 'chat';

/** Two affixes of opposite meaning and surface forms as alike as possible. */
export interface AffixPair {
  readonly positive: string;
  readonly negative: string;
  /**
   * What a model is asked when it labels pairs of this principle (RLAIF, RLCD-Rescore). Dialogue form: the instruction
   * of the A/B question. Prefix form: an affirming text, the likelier of whose two predecessors is preferred.
   */
  readonly scoringInstruction: string;
}

/** A principle as data; presets live beside this file, users bring their own over the API. */
export interface Principle {
  readonly name: string;
  readonly description: string;
  readonly form: PrincipleForm;
  readonly affixPairs: readonly AffixPair[];
  /** Text that every response continues, put after the final `Assistant:` (outlines); empty for none. */
  readonly responseOpening: string;
  /** Where the strings come from, and under which licence. */
  readonly source: string;
}
