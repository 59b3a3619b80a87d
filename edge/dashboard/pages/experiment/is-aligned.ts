/** Whether an experiment has an adapter that can be used. */
import type { ExperimentDetail } from '../../app/types.ts';

/** Stages that end in an adapter. */
const MAKERS = new Set(['select', 'distill', 'dpo', 'train-preference-model']);
/** Those whose adapter is the aligned model; a preference model only judges. */
const ALIGNERS = new Set(['select', 'distill', 'dpo']);

const hasEnded = (stages: ExperimentDetail['stages'], names: ReadonlySet<string>) =>
  stages.some(({ name, status }) => names.has(name) && status === 'succeeded');

/** Any adapter, to take away. */
export function hasAdapter({ stages }: ExperimentDetail): boolean {
  return hasEnded(stages, MAKERS);
}

/** The aligned model, to talk to. */
export function isAligned({ stages }: ExperimentDetail): boolean {
  return hasEnded(stages, ALIGNERS);
}
