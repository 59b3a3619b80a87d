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

/** Hooks for the first part of some work. @param part of all of it, 0 to 1 */
export function partOf(hooks: RunHooks, part: number): RunHooks {
  return {
    ...hooks,
    progress: (done, total, unit, message) => hooks.progress(part * done, total, unit, message),
  };
}

/**
 * Progress while what was sampled is read, which is told at once.
 *
 * @param from where sampling has brought the work, 0 to 1
 * @param read answers, the unit of the work, and the texts that reading them takes
 * @returns to be told of every batch of texts
 */
export function readingProgress(
  hooks: RunHooks,
  from: number,
  { answers, texts }: { readonly answers: number; readonly texts: number },
): (count: number) => void {
  let known = 0;
  const tell = () => {
    const part = from + (1 - from) * Math.min(1, known / texts);
    hooks.progress(part * answers, answers, 'responses', 'reading the pairs');
  };
  tell();
  return (count) => {
    known += count;
    tell();
  };
}
