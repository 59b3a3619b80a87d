/** One preference pair, whatever file it came from. */

/** Two responses to one plain prompt; `labelProbability` = P(chosen is better), 1 for a hard label. */
export interface PreferencePair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
  readonly labelProbability: number;
}
