/** A preference pair made by contrast, with where each side came from (a line of preference-pairs JSONL). */

export type SimulationSide = 'positive' | 'negative';

export interface SideProvenance {
  /** Tries it took, from 1. */
  readonly tries: number;
  /** Stream of the generator that this response was sampled from; counters run from 0 over its tokens. */
  readonly generatorStream: number;
  /** Tokens as sampled, before the filter cut the text. */
  readonly tokens: number;
}

export interface SimulatedPair {
  readonly promptId: string;
  /** Plain prompt, affixes removed. */
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
  /** P(chosen is better): 1, by construction. */
  readonly labelProbability: number;
  readonly affixPair: number;
  readonly provenance: Readonly<Record<SimulationSide, SideProvenance>>;
}
