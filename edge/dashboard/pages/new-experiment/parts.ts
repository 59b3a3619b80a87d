/** What there is to make an experiment of. */
import type { BaseModel, Principle, PromptSet } from '../../app/types.ts';

export interface Parts {
  readonly models: readonly BaseModel[];
  readonly principles: readonly Principle[];
  readonly promptSets: readonly PromptSet[];
}
