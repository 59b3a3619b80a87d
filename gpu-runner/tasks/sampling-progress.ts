/** Progress that moves while answers are sampled: an algorithm tells it between batches, and a batch may take minutes. */
import type { Drawn } from '../algorithms/generator.ts';
import type { RunHooks } from '../algorithms/run-hooks.ts';

interface SamplingProgress {
  /** For the algorithm, which tells first where it begins. */
  readonly hooks: RunHooks;
  /** For the sampler. */
  readonly onDrawn: (drawn: Drawn) => void;
}

/** @param worth how far so many answers bring the task, in the unit that the algorithm counts */
export function samplingProgress(hooks: RunHooks, worth: (answers: number) => number): SamplingProgress {
  let told: Parameters<RunHooks['progress']> | undefined;
  return {
    hooks: {
      ...hooks,
      progress: (...progress) => {
        told = progress;
        hooks.progress(...progress);
      },
    },
    onDrawn: ({ answers, share, tokens, ofAtMost }) => {
      if (told === undefined) return;
      const [done, total, unit] = told;
      const now = Math.min(total, done + worth(answers) * share);
      hooks.progress(now, total, unit, `${tokens} of at most ${ofAtMost} tokens of ${answers} answers`);
    },
  };
}
