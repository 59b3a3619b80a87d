/** Whether an experiment has a model that can be used and taken away, as the edge exports it; and what comes where it has none. */
import type { ExperimentDetail } from '../../app/types.ts';

/** Stages whose adapter is the aligned model. */
const ALIGNERS: ReadonlySet<string> = new Set(['select', 'distill', 'dpo']);
/** Its adapter only judges: it is what leaves of an experiment that ends with it, and of no other. */
const JUDGE = 'train-preference-model';

type Of<Field extends keyof ExperimentDetail> = Pick<ExperimentDetail, Field>;

/** The aligned model, to talk to. */
export function isAligned({ stages }: Of<'stages'>): boolean {
  return stages.some(({ name, status }) => ALIGNERS.has(name) && status === 'succeeded');
}

/** Any adapter, to take away. */
export function hasAdapter({ status, stages }: Of<'status' | 'stages'>): boolean {
  return isAligned({ stages }) || (status === 'succeeded' && stages.some(({ name }) => name === JUDGE));
}

/** In one sentence, what there will be to take; of an experiment that has nothing yet. */
export function whatComes({ status, stages }: Of<'status' | 'stages'>): string {
  const aligner = stages.find(({ name }) => ALIGNERS.has(name));
  if (!aligner && stages.every(({ name }) => name !== JUDGE)) {
    return 'Nothing is trained here, so there is no model to take.';
  }
  if (status === 'failed') {
    const failed = stages.find((stage) => stage.status === 'failed');
    return `There is no model to take: ${failed ? `the stage ${failed.name}` : 'it'} failed before one was made.`;
  }
  if (status === 'cancelled') return 'There is no model to take: it was cancelled before one was made.';
  return aligner
    ? `The aligned model can be talked to, downloaded and used elsewhere when the stage ${aligner.name} has ended.`
    : 'The preference model can be downloaded when all stages have ended.';
}
