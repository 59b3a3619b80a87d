/** What a report is built from: experiments that have ended, with the rows of their artifacts. */
import { z } from 'zod';
import { frontierLine } from '../api/tasks/frontier.ts';
import { trajectoryLine } from '../api/tasks/trajectory.ts';
import { completionLine } from '../api/tasks/generate.ts';
import { preferencePairLine } from '../api/tasks/simulate.ts';
import { UserError } from '../user-error.ts';

/** A line of `comparisons`; a judge that only compares has no scores. */
const comparisonRow = z.object({
  judge: z.string(),
  promptId: z.string(),
  firstScore: z.number().nullable(),
  secondScore: z.number().nullable(),
  share: z.number().min(0).max(1),
});

export const rowSchemas = {
  completions: completionLine,
  comparisons: comparisonRow,
  frontier: frontierLine,
  trajectory: trajectoryLine,
  pairs: preferencePairLine,
} as const;

export type PairRow = z.infer<typeof preferencePairLine>;

export interface LineageTask {
  readonly stage: string;
  readonly shard: number;
  readonly key: string;
  readonly engineVersion: string;
  readonly inputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
}

export interface ExperimentEvidence {
  readonly method: string;
  readonly seed: number;
  /** Stage -> results of its tasks, by shard. */
  readonly results: Readonly<Record<string, readonly (Readonly<Record<string, unknown>> | null)[]>>;
  readonly runnerSeconds: number;
  readonly lineage: readonly LineageTask[];
  /** The system's responses to the test prompts. */
  readonly completions: readonly z.infer<typeof completionLine>[];
  /** Against the base model; empty for the base itself. */
  readonly comparisons: readonly z.infer<typeof comparisonRow>[];
  /** Of the adapter at several strengths; empty where nobody asked for it. */
  readonly frontier: readonly z.infer<typeof frontierLine>[];
  /** Of every policy that PPO kept; empty where nobody asked for it. */
  readonly trajectory: readonly z.infer<typeof trajectoryLine>[];
  /** As the preference model learnt from them: labelled where the method labels; empty where it has none. */
  readonly pairs: readonly PairRow[];
}

/** The evidence does not fit together; the message names the experiment. */
export class ReportError extends UserError {
  override readonly name = 'ReportError';
  override readonly code = 'bad-evidence';
}
